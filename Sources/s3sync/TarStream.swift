// Objects as one tar: fetched ahead, written in order.

import AWS
import HTTP
import S3
import Streams

/// Writes the objects of a source as the members of a tar.
///
/// A queue holds the next objects in order. Each goes through `TarSlot.State`: its size is asked for where the list does not
/// give it, then its bytes are fetched as soon as `readAhead` allows; the first of the queue is written. An
/// object too large to be held is fetched when it is the first, straight into the stream.
@Loop
final class TarStream {
  private let context: TransferContext
  private let fetcher: ObjectFetcher
  private let source: any ObjectSource
  private let output: TarOutput
  private let isStrict: Bool
  private let readAhead: Int64
  private var queue: [TarSlot] = []
  private var isExhausted = false
  /// Bytes of objects that are in memory or being fetched into it.
  private var held: Int64 = 0
  private var counts = (items: 0, failed: 0, denied: 0)

  /// - Parameter readAhead: bytes of objects that may be in memory at once.
  init(
    _ context: TransferContext, _ fetcher: ObjectFetcher, _ source: any ObjectSource, to descriptor: CInt,
    isStrict: Bool, readAhead: Int64
  ) {
    self.context = context
    self.fetcher = fetcher
    self.source = source
    output = TarOutput(descriptor)
    self.isStrict = isStrict
    self.readAhead = readAhead
  }

  /// Writes all objects and the end of the archive; throws, the end unwritten, where the stream is not whole.
  func run() async throws(SyncError) -> ExitStatus {
    while true {
      try await fill()
      await startFetching()
      guard !queue.isEmpty else { break }
      let slot = queue.removeFirst()
      let item = await slot.item(fetcher)
      held -= slot.heldSize
      try await write(item, flushing: !(queue.first?.isDone ?? false))
    }
    // If no object at all may be read, the error is the run's, not the objects'.
    if counts.denied == counts.items && counts.items > 1 {
      throw .service(
        .refused(ServiceFailure(status: 403, code: "AccessDenied", message: "none of the objects may be read")))
    }
    try await output.finish()
    return isStrict && counts.failed > 0 ? .data : .ok
  }

  /// Adds the source's next objects to the queue. Sizes that the list does not give are asked for, several at once.
  private func fill() async throws(SyncError) {
    let jobs = context.options.jobs
    while !isExhausted, queue.count < 2 * jobs {
      guard let (object, name) = try await source.next() else {
        isExhausted = true
        return
      }
      queue.append(TarSlot(object, name, fetcher))
    }
  }

  /// Starts fetching in order, so that what is written next never waits for memory that later objects have.
  private func startFetching() async {
    for (index, slot) in queue.prefix(context.options.jobs).enumerated() {
      if slot.isFetching { continue }
      if index > 0, !slot.isSizeKnown { return }
      let size = await slot.size()
      guard size <= fetcher.maximumSize, index == 0 || held + size <= readAhead else { return }
      held += size
      slot.fetch(fetcher, size: size)
    }
  }

  private func write(_ item: StreamItem, flushing: Bool) async throws(SyncError) {
    if Task.isCancelled { throw .service(.transport(.cancelled)) }
    switch item {
    case .fatal(let name, let error): throw .item(name.text, error)
    case .file(let name, let bytes, let modified, let verification):
      try await output.write(name, bytes, modified: modified, flushing: flushing)
      context.trace(name.text, verification)
    case .streamed(let name, let object, let size):
      return try await stream(name, object, size: size)
    case .failed(let record, let isDenied):
      counts.failed += 1
      counts.denied += isDenied ? 1 : 0
      context.progress?.clear()
      report(tool: "s3sync", object: record.image.text, reason: record.message)
      try await output.write(record, flushing: flushing)
    }
    counts.items += 1
    context.progress?.finishItem()
  }

  /// A large object. Until its header is written it may still become an error record; what fails later ends the stream.
  private func stream(_ name: ItemName, _ object: ObjectRecord, size: Int64) async throws(SyncError) {
    let description: ObjectDescription
    do throws(SyncError) {
      let request = GetRequest(object)
      description = try await call { () async throws(ServiceError) in try await context.client.head(request) }
      guard description.size == size else { throw .changed("changed since it was listed") }
    } catch {
      return try await write(ObjectFetcher.item(error, name), flushing: true)
    }
    let request = GetRequest(object.uri, versionID: object.versionID, ifMatch: object.etag ?? description.etag)
    try await output.begin(name, size: size, modified: object.lastModified ?? description.lastModified)
    var verifier = description.checksum.map { ChecksumVerifier($0) }
    do throws(SyncError) {
      let read = OrderedRead(context: context, window: max(readAhead - held, 0))
      try await read.run(request, size: size) { (bytes) async throws(SyncError) in
        unsafe verifier?.update(bytes.span.bytes)
        try await output.write(piece: bytes)
      }
      if let verifier, !verifier.matches { throw .checksum }
    } catch {
      if case .system = error { throw error }
      throw .truncated(name.text, error.reason)
    }
    try await output.end(size: size)
    context.trace(name.text, description.checksum.map { Verification($0) } ?? .lengthAndRanges)
    counts.items += 1
    context.progress?.finishItem()
  }
}
