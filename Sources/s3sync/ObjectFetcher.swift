// One object for a stream: its bytes, its error record, or the end of everything.

import AWS
import HTTP
import S3
import Streams

@Loop
struct ObjectFetcher {
  let client: S3.Client
  /// Bytes; a larger object is an error record, since it is held whole before its header is written.
  let maximumSize: Int64

  /// The object with its size and tag as they are now.
  func describe(_ object: ObjectRecord) async -> Result<ObjectRecord, SyncError> {
    let request = GetRequest(object.uri, versionID: object.versionID, ifMatch: object.etag)
    do throws(SyncError) {
      let description = try await call { () async throws(ServiceError) in try await client.head(request) }
      var result = object
      result.size = description.size
      result.etag = description.etag
      result.lastModified = description.lastModified
      return .success(result)
    } catch {
      return .failure(error)
    }
  }

  func fetch(_ described: Result<ObjectRecord, SyncError>, _ name: ItemName) async -> StreamItem {
    do throws(SyncError) {
      let object: ObjectRecord
      switch described {
      case .success(let record): object = record
      case .failure(let error): throw error
      }
      guard name.bytes.count <= ItemName.maximumLength, name.bytes.last != UInt8(ascii: "/") else {
        throw .unsafeKey("a name that ends in a slash is a folder's")
      }
      if name.removing(ErrorRecord.suffix) != nil {
        throw .unsafeKey("a name that ends in \(ErrorRecord.suffix) is an error record's")
      }
      let size = object.size ?? 0
      guard size <= maximumSize else { throw .tooLarge(bytes: size, limit: maximumSize) }
      let request = GetRequest(object.uri, versionID: object.versionID, ifMatch: object.etag)
      let (bytes, description) = try await call { () async throws(ServiceError) in
        try await client.get(request, size: object.size, limit: Int(maximumSize))
      }
      return .file(name, bytes, modified: object.lastModified ?? description.lastModified)
    } catch {
      guard let code = errorCode(error) else { return .fatal(error) }
      return .failed(
        ErrorRecord(image: name, tool: "s3sync", code: code, message: error.reason), isDenied: code == "forbidden")
    }
  }
}

/// The error record's word for what is permanently wrong with one object; nil for what ends the stream.
func errorCode(_ error: SyncError) -> String? {
  switch error {
  case .changed: return "changed"
  case .tooLarge: return "too-large"
  case .unsafeKey: return "bad-name"
  case .service(.transport(.tooLarge)): return "too-large"
  case .service(.refused(let failure)):
    switch (failure.status, failure.code) {
    case (404, "NoSuchBucket"): return nil
    case (404, _): return "not-found"
    // Without a body (to HEAD) there is no code.
    case (403, "AccessDenied"), (403, ""): return "forbidden"
    case (403, "InvalidObjectState"): return "archived"
    default: return nil
    }
  default: return nil
  }
}
