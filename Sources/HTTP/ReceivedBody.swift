// Delivers a response body to its sink, or keeps a bounded copy of an error body.

import HTTPFields

/// The receiving side of one transfer: chooses between the request's sink and the bounded memory for error bodies.
struct ReceivedBody {
  /// Maximum bytes kept of an error body (status 300 or above).
  static let errorBodyLimit = 64 << 10

  private var sink: Request.Sink
  private(set) var received: Int64 = 0
  private(set) var bytes: [UInt8] = []
  private(set) var failure: HTTPError?
  /// The error body was longer than the limit: the transfer was stopped on purpose; the response counts as complete.
  private(set) var isTruncated = false

  init(sink: Request.Sink) { self.sink = sink }

  /// Takes the next bytes of a response with `status`; false ends the transfer.
  /// `expected` is the declared length, or negative if unknown.
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
      // curl calls back on the loop's thread, inside its step: the closures are isolated to the loop, and the bytes
      // outlive the call.
      nonisolated(unsafe) let chunk = unsafe chunk
      let isFirst = received == 0
      let isAccepted = Loop.assumeIsolated { (!isFirst || accepts(status, headers)) && (unsafe take(chunk.bytes)) }
      guard isAccepted else { return fail(.stopped) }
    }
    received += Int64(chunk.count)
    return true
  }

  private mutating func keepErrorBody(_ chunk: UnsafeRawBufferPointer) -> Bool {
    received += Int64(chunk.count)
    let remaining = Self.errorBodyLimit - bytes.count
    unsafe bytes.append(contentsOf: chunk.prefix(remaining))
    isTruncated = chunk.count > remaining
    return !isTruncated
  }

  private mutating func fail(_ error: HTTPError) -> Bool {
    failure = error
    return false
  }
}
