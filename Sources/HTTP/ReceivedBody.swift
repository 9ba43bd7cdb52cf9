// Where the bytes of a response's body go, and the counts that are checked on the way.

import HTTPFields

/// The receiving side of one transfer: chooses between the request's sink and the bounded memory for error bodies.
struct ReceivedBody {
  /// What is kept of the body of a response that is not a success.
  static let errorBodyLimit = 64 << 10

  private var sink: Request.Sink
  private(set) var received: Int64 = 0
  private(set) var bytes: [UInt8] = []
  private(set) var failure: HTTPError?
  /// An error body longer than is kept: the transfer was ended here and its response is whole.
  private(set) var isCut = false

  init(sink: Request.Sink) { self.sink = sink }

  /// Takes the next bytes of a response with `status`; false ends the transfer.
  /// `expected` is the declared length, or under 0.
  mutating func receive(
    _ chunk: UnsafeRawBufferPointer, status: Int, headers: HeaderFields, expected: Int64
  ) -> Bool {
    if status >= 300 { return unsafe keepErrorBody(chunk) }
    switch sink {
    case .memory(let limit):
      guard chunk.count <= limit - bytes.count, expected <= limit else { return fail(.tooLarge(limit: Int64(limit))) }
      if bytes.isEmpty, expected > 0 { bytes.reserveCapacity(Int(expected)) }
      unsafe bytes.append(contentsOf: chunk)
    case .chunks(let accepts, let take):
      nonisolated(unsafe) let chunk = unsafe chunk
      let isFirst = received == 0
      let isTaken = Loop.assumeIsolated { (!isFirst || accepts(status, headers)) && (unsafe take(chunk.bytes)) }
      guard isTaken else { return fail(.stopped) }
    }
    received += Int64(chunk.count)
    return true
  }

  private mutating func keepErrorBody(_ chunk: UnsafeRawBufferPointer) -> Bool {
    received += Int64(chunk.count)
    let left = Self.errorBodyLimit - bytes.count
    unsafe bytes.append(contentsOf: chunk.prefix(left))
    isCut = chunk.count > left
    return !isCut
  }

  private mutating func fail(_ error: HTTPError) -> Bool {
    failure = error
    return false
  }
}
