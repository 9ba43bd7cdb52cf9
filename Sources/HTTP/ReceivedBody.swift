// Where the bytes of a response's body go, and the counts that are checked on the way.

/// The receiving side of one transfer: chooses between the request's sink and the bounded memory for explanations.
struct ReceivedBody {
  /// What is kept of the body of a response that is not a success.
  static let explanationLimit = 64 << 10

  private var sink: Request.Sink
  private(set) var received: Int64 = 0
  private(set) var bytes: [UInt8] = []
  private(set) var failure: HTTPError?
  /// An explanation longer than is kept: the transfer was ended by us and its response is whole.
  private(set) var isCut = false

  init(sink: Request.Sink) { self.sink = sink }

  /// Takes the next bytes of a response with `status`; false ends the transfer.
  /// `expected` is the declared length, or under 0.
  mutating func receive(
    _ chunk: UnsafeRawBufferPointer, status: Int, headers: Headers, expected: Int64
  ) -> Bool {
    if status >= 300 { return unsafe explain(chunk) }
    switch sink {
    case .memory(let limit):
      guard chunk.count <= limit - bytes.count, expected <= limit else { return fail(.tooLarge(limit: Int64(limit))) }
      if bytes.isEmpty, expected > 0 { bytes.reserveCapacity(Int(expected)) }
      unsafe bytes.append(contentsOf: chunk)
    case .chunks(let accepts, let take):
      guard received > 0 || accepts(status, headers), unsafe take(chunk.bytes) else { return fail(.stopped) }
    }
    received += Int64(chunk.count)
    return true
  }

  private mutating func explain(_ chunk: UnsafeRawBufferPointer) -> Bool {
    received += Int64(chunk.count)
    let room = Self.explanationLimit - bytes.count
    unsafe bytes.append(contentsOf: chunk.prefix(room))
    isCut = chunk.count > room
    return !isCut
  }

  private mutating func fail(_ error: HTTPError) -> Bool {
    failure = error
    return false
  }
}
