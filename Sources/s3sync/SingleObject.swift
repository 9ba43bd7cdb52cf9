// One object: to standard output, to a file, from a file, to another object.

import AWS
import Glibc
import HTTP
import S3
import Streams

@Loop
struct SingleObject {
  let client: S3.Client
  let options: TransferOptions
  let progress: Progress?

  /// Writes the object's bytes to standard output as they come. They are checked when all have come: a wrong checksum
  /// is an error after the fact, as in any pipe.
  func toOutput(_ object: ObjectURI) async throws(SyncError) {
    let description = try await call { () async throws(ServiceError) in try await client.head(GetRequest(object)) }
    progress?.totalItems = 1
    progress?.totalBytes = description.size
    let writer = OutputWriter(description.checksum, progress)
    if description.size > 0 {
      let request = GetRequest(object, ifMatch: description.etag)
      do throws(SyncError) {
        try await call { () async throws(ServiceError) in
          try await client.get(request, range: 0..<description.size) { writer.write($0) }
        }
      } catch {
        if let failure = writer.failure { throw .system(failure) }
        throw error
      }
    }
    try writer.finish()
  }

  func toFile(_ object: ObjectURI, _ path: String) async throws(SyncError) -> Int64 {
    let description = try await call { () async throws(ServiceError) in try await client.head(GetRequest(object)) }
    let entry = Entry(
      key: object.key, size: description.size, modified: description.lastModified ?? Timestamp(seconds: 0),
      etag: description.etag)
    var options = options
    // A mirror synchronises its file system once; for one file that is what `--fsync` does.
    options.isDurable = true
    try await Download(client: client, options: options, progress: progress).run(object, entry, to: path)
    return description.size
  }

  func copy(_ source: ObjectURI, to target: ObjectURI) async throws(SyncError) -> StoreOutcome {
    let description = try await call { () async throws(ServiceError) in try await client.head(GetRequest(source)) }
    let entry = Entry(key: source.key, size: description.size, etag: description.etag)
    return try await ObjectCopy(client: client, options: options, progress: progress).run(source, entry, to: target)
  }
}

/// Writes and checks what passes; used on the loop's thread alone.
private final class OutputWriter: @unchecked Sendable {
  private let output = OutputStream()
  private let progress: Progress?
  private var verifier: ChecksumVerifier?
  private(set) var failure: SystemError?

  init(_ checksum: Checksum?, _ progress: Progress?) {
    verifier = checksum.map { ChecksumVerifier($0) }
    self.progress = progress
  }

  func write(_ bytes: RawSpan) -> Bool {
    verifier?.update(bytes)
    progress?.add(bytes: bytes.byteCount)
    do throws(SystemError) {
      try output.write(bytes)
      return true
    } catch {
      failure = error
      return false
    }
  }

  func finish() throws(SyncError) {
    do throws(SystemError) {
      try output.close()
    } catch {
      throw .system(error)
    }
    if let verifier, !verifier.matches { throw .checksum }
  }
}
