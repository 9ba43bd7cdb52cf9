// One object to one file, under its final name only when every byte is there and checked.

import AWS
import Glibc
import HTTP
import S3
import Streams

@Loop
struct Download {
  let client: S3.Client
  let options: TransferOptions
  let progress: Progress?

  /// - Parameters:
  ///   - entry: size, time and tag as listed; the object must still be that.
  func run(_ object: ObjectURI, _ entry: Entry, to path: String) async throws(SyncError) {
    let request = GetRequest(object, ifMatch: entry.etag)
    if entry.size <= TransferOptions.smallSize {
      try await small(request, entry, path)
    } else {
      try await large(request, entry, path)
    }
  }

  private func small(_ request: GetRequest, _ entry: Entry, _ path: String) async throws(SyncError) {
    let (bytes, _) = try await call { () async throws(ServiceError) in
      try await client.get(request, size: entry.size, limit: Int(TransferOptions.smallSize))
    }
    progress?.add(bytes: bytes.count)
    do throws(SystemError) {
      let file = try TemporaryFile(for: path)
      unsafe try write(bytes.span.bytes, to: file.descriptor, at: 0, name: path)
      try file.publish(modified: entry.modified, durably: options.isDurable)
    } catch {
      throw .system(error)
    }
  }

  /// Ranges of the object at once, each taken up again where its connection broke; then all of it is read back and
  /// checked.
  private func large(_ request: GetRequest, _ entry: Entry, _ path: String) async throws(SyncError) {
    let description = try await call { () async throws(ServiceError) in try await client.head(request) }
    guard description.size == entry.size else { throw .changed("changed since it was listed") }
    let file: TemporaryFile
    do throws(SystemError) {
      file = try TemporaryFile(for: path)
    } catch {
      throw .system(error)
    }
    let plan = MultipartPlan(size: entry.size, partSize: options.rangeSize(ofObject: entry.size))
    let descriptor = file.descriptor
    try await forEachPart(plan.partCount, limit: TransferOptions.partsAtOnce) { index throws(SyncError) in
      let range = plan.range(index)
      try await Loop.blocking {
        Result { () throws(SystemError) in try allocate(range, in: descriptor, name: path) }
      }.mapError { SyncError.system($0) }.get()
      try await receive(request, range, RangeWriter(descriptor, offset: range.lowerBound, name: path))
      progress?.add(bytes: Int(range.upperBound - range.lowerBound))
    }
    try await verify(descriptor, entry.size, description.checksum)
    do throws(SystemError) {
      try file.publish(modified: entry.modified, durably: options.isDurable)
    } catch {
      throw .system(error)
    }
  }

  private func receive(
    _ request: GetRequest, _ range: Range<Int64>, _ writer: RangeWriter
  ) async throws(SyncError) {
    do throws(SyncError) {
      try await call { () async throws(ServiceError) in
        try await client.get(request, range: range) { writer.take($0) }
      }
    } catch {
      if let failure = writer.failure { throw .system(failure) }
      throw error
    }
    if !writer.finish(), let failure = writer.failure { throw .system(failure) }
  }

  /// Reads all of it back, beside the loop.
  private func verify(_ descriptor: CInt, _ size: Int64, _ checksum: Checksum?) async throws(SyncError) {
    guard let checksum else { return }
    let verified = await Loop.blocking {
      Result { () throws(HTTPError) in
        var verifier = ChecksumVerifier(checksum)
        try readFile(descriptor, offset: 0, length: size) { verifier.update($0) }
        return verifier.matches
      }
    }
    switch verified {
    case .success(true): return
    case .success(false): throw .checksum
    case .failure(let error): throw .service(.transport(error))
    }
  }
}
