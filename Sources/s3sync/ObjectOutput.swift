// One object to standard output, a FIFO or a device.

import AWS
import HTTP
import S3
import Streams
import Synchronization

@Loop
struct ObjectOutput {
  let context: TransferContext
  let window: Int64

  /// Writes the object's bytes as they come. They are checked when all have come: a wrong checksum is an error after the
  /// fact, as in any pipe.
  func run(_ object: ObjectURI, _ description: ObjectDescription, to descriptor: CInt) async throws(SyncError) {
    context.progress?.totalItems = 1
    context.progress?.totalBytes = description.size
    let output = CheckedOutput(descriptor, description.checksum)
    if description.size > 0 {
      let request = GetRequest(object, ifMatch: description.etag)
      let read = OrderedRead(context: context, window: window)
      try await read.run(request, size: description.size) { (bytes) async throws(SyncError) in
        try await output.write(bytes)
      }
    }
    try await output.finish()
    context.trace(object.description, description.checksum.map { Verification($0) } ?? .lengthAndRanges)
  }
}

/// Writes and hashes on another thread, one write after the other, each awaited.
private final class CheckedOutput: Sendable {
  private struct State {
    let output: OutputStream
    var verifier: ChecksumVerifier?
  }

  private let state: Mutex<State>

  init(_ descriptor: CInt, _ checksum: Checksum?) {
    state = Mutex(
      State(output: OutputStream(descriptor: descriptor), verifier: checksum.map { ChecksumVerifier($0) }))
  }

  @Loop func write(_ bytes: [UInt8]) async throws(SyncError) {
    try await blockingCall { () throws(SystemError) in
      try self.state.withLock { (state) throws(SystemError) in
        unsafe state.verifier?.update(bytes.span.bytes)
        try state.output.write(bytes)
      }
    }
  }

  @Loop func finish() async throws(SyncError) {
    try await blockingCall { () throws(SystemError) in
      try self.state.withLock { (state) throws(SystemError) in try state.output.close() }
    }
    guard state.withLock({ $0.verifier?.matches ?? true }) else { throw .checksum }
  }
}
