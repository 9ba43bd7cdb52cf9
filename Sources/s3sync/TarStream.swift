// Objects as one tar on standard output: downloaded ahead, written in order.

import AWS
import HTTP
import S3
import Streams

/// What stands for one object in the stream.
enum StreamItem: Sendable {
  case file(ItemName, [UInt8], modified: Timestamp?)
  case failed(ErrorRecord, isDenied: Bool)
  /// Nothing may follow: throttled, unreachable, without credentials.
  case fatal(SyncError)
}

@Loop
final class TarStream {
  private let fetcher: ObjectFetcher
  private let source: any ObjectSource
  private let isStrict: Bool
  private let jobs: Int
  private let readAhead: Int64
  private let progress: Progress?
  private let output = TarOutput()

  /// - Parameter readAhead: bytes of objects that may be in memory at once.
  init(
    _ fetcher: ObjectFetcher, _ source: any ObjectSource, isStrict: Bool, jobs: Int, readAhead: Int64,
    progress: Progress?
  ) {
    self.fetcher = fetcher
    self.source = source
    self.isStrict = isStrict
    self.jobs = jobs
    self.readAhead = readAhead
    self.progress = progress
  }

  /// Writes all objects and the end of the archive; throws, the end unwritten, where the stream is not whole.
  func run() async throws(SyncError) -> ExitStatus {
    var sized = [Sized]()
    var fetching = [Fetching]()
    var held: Int64 = 0
    var isExhausted = false
    var counts = (items: 0, failed: 0, denied: 0)
    while true {
      // Sizes that the list does not give are asked for, several at once, before the bytes are.
      while !isExhausted, sized.count < jobs, fetching.count < 4 * jobs {
        guard let (object, name) = try await source.next() else {
          isExhausted = true
          break
        }
        sized.append(Sized(object, name, fetcher))
      }
      while let next = sized.first, fetching.count < jobs {
        // In order, so that what is written next is never behind what waits for room.
        if !fetching.isEmpty, !next.isKnown { break }
        let size = await next.size()
        guard fetching.isEmpty || held + size <= readAhead else { break }
        held += size
        fetching.append(Fetching(next, size, fetcher))
        sized.removeFirst()
      }
      guard let first = fetching.first else {
        if isExhausted && sized.isEmpty { break }
        continue
      }
      let item = await first.task.value
      fetching.removeFirst()
      held -= first.size
      counts.items += 1
      if case .failed(_, let isDenied) = item {
        counts.failed += 1
        counts.denied += isDenied ? 1 : 0
      }
      try await write(item, flushing: !(fetching.first?.isDone ?? false))
    }
    // Where nothing at all may be read, it is not the objects that are wrong.
    if counts.denied == counts.items && counts.items > 1 {
      throw .service(
        .refused(ServiceFailure(status: 403, code: "AccessDenied", message: "none of the objects may be read")))
    }
    try await output.finish()
    return isStrict && counts.failed > 0 ? .data : .ok
  }

  private func write(_ item: StreamItem, flushing: Bool) async throws(SyncError) {
    switch item {
    case .fatal(let error): throw error
    case .file(_, let bytes, _): progress?.add(bytes: bytes.count)
    case .failed(let record, _):
      progress?.clear()
      report(tool: "s3sync", object: record.image.text, reason: record.message)
    }
    if Loop.isInterrupted { throw .service(.transport(.cancelled)) }
    try await output.write(item, flushing: flushing)
    progress?.finishItem()
  }
}

/// An object whose size is known or being asked for.
@Loop
private final class Sized {
  let object: ObjectRecord
  let name: ItemName
  private var asked: Task<Result<ObjectRecord, SyncError>, Never>?
  private(set) var isKnown: Bool

  init(_ object: ObjectRecord, _ name: ItemName, _ fetcher: ObjectFetcher) {
    self.object = object
    self.name = name
    isKnown = object.size != nil
    if !isKnown {
      asked = Task { @Loop in
        let result = await fetcher.describe(object)
        self.isKnown = true
        return result
      }
    }
  }

  /// Bytes that the object will hold in memory; 0 where it will be an error record.
  func size() async -> Int64 {
    switch await described() {
    case .success(let object): object.size ?? 0
    case .failure: 0
    }
  }

  func described() async -> Result<ObjectRecord, SyncError> { await asked?.value ?? .success(object) }
}

/// An object whose bytes are on their way.
@Loop
private final class Fetching {
  let size: Int64
  private(set) var isDone = false
  private(set) var task: Task<StreamItem, Never>!

  init(_ sized: Sized, _ size: Int64, _ fetcher: ObjectFetcher) {
    self.size = size
    task = Task { @Loop in
      let item = await fetcher.fetch(await sized.described(), sized.name)
      self.isDone = true
      return item
    }
  }
}
