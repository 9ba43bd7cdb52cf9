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
    let file: TemporaryFile
    do throws(SystemError) {
      file = try TemporaryFile(for: path)
    } catch {
      throw .system(error)
    }
    let description = try await call { () async throws(ServiceError) in try await client.head(request) }
    guard description.size == entry.size else { throw .changed("changed since it was listed") }
    let plan = MultipartPlan(size: entry.size, partSize: options.rangeSize(ofObject: entry.size))
    let descriptor = file.descriptor
    try await forEachPart(plan.partCount, limit: TransferOptions.partsAtOnce) { index throws(SyncError) in
      let range = plan.range(index)
      let place = WritePlace(descriptor, range.lowerBound, name: path)
      do throws(SyncError) {
        try await call { () async throws(ServiceError) in
          try await client.get(request, range: range) { place.write($0) }
        }
      } catch {
        if let failure = place.failure { throw .system(failure) }
        throw error
      }
      progress?.add(bytes: Int(range.upperBound - range.lowerBound))
    }
    try verify(descriptor, entry.size, description.checksum)
    do throws(SystemError) {
      try file.publish(modified: entry.modified, durably: options.isDurable)
    } catch {
      throw .system(error)
    }
  }

  private func verify(_ descriptor: CInt, _ size: Int64, _ checksum: Checksum?) throws(SyncError) {
    guard let checksum else { return }
    var verifier = ChecksumVerifier(checksum)
    do throws(HTTPError) {
      try readFile(descriptor, offset: 0, length: size) { verifier.update($0) }
    } catch {
      throw .service(.transport(error))
    }
    guard verifier.matches else { throw .checksum }
  }
}

/// Where the next bytes of a range go; used on the loop's thread alone.
private final class WritePlace: @unchecked Sendable {
  private let descriptor: CInt
  private var offset: Int64
  private let name: String
  private(set) var failure: SystemError?

  init(_ descriptor: CInt, _ offset: Int64, name: String) {
    self.descriptor = descriptor
    self.offset = offset
    self.name = name
  }

  func write(_ bytes: RawSpan) -> Bool {
    do throws(SystemError) {
      try s3sync.write(bytes, to: descriptor, at: offset, name: name)
      offset += Int64(bytes.byteCount)
      return true
    } catch {
      failure = error
      return false
    }
  }
}

/// Writes all of the bytes at an offset.
private func write(_ bytes: RawSpan, to descriptor: CInt, at offset: Int64, name: String) throws(SystemError) {
  var done = 0
  while done < bytes.byteCount {
    let count = unsafe bytes.withUnsafeBytes {
      unsafe pwrite(descriptor, $0.baseAddress! + done, $0.count - done, Int(offset) + done)
    }
    if count < 0 && errno == EINTR { continue }
    guard count > 0 else { throw SystemError(code: count < 0 ? errno : ENOSPC, operation: "write", object: name) }
    done += count
  }
}
