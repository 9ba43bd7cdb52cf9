// One object for a stream: its bytes, its error record, or the end of the stream.

import AWS
import HTTP
import S3
import Streams

/// One object's representation in the stream.
enum StreamItem: Sendable {
  case file(ItemName, [UInt8], modified: Timestamp?, Verification)
  /// Too large to be held in memory: its bytes are fetched when its turn comes.
  case streamed(ItemName, ObjectRecord, size: Int64)
  case failed(ErrorRecord, isDenied: Bool)
  /// Nothing may follow: throttled, unreachable, without credentials.
  case fatal(ItemName, SyncError)
}

@Loop
struct ObjectFetcher {
  let context: TransferContext
  /// Bytes; a larger object is streamed.
  let maximumSize: Int64

  /// The object with its size and tag as they are now.
  func describe(_ object: ObjectRecord) async -> Result<ObjectRecord, SyncError> {
    let request = GetRequest(object)
    return await Result { () async throws(SyncError) in
      let description = try await call { () async throws(ServiceError) in try await context.client.head(request) }
      var result = object
      result.size = description.size
      result.etag = description.etag
      result.lastModified = description.lastModified
      return result
    }
  }

  func fetch(_ described: Result<ObjectRecord, SyncError>, _ name: ItemName) async -> StreamItem {
    do throws(SyncError) {
      let object = try described.get()
      try check(name)
      if let size = object.size, size > maximumSize { return .streamed(name, object, size: size) }
      let request = GetRequest(object)
      let (bytes, description) = try await call { () async throws(ServiceError) in
        try await context.client.get(request, size: object.size, limit: Int(maximumSize))
      }
      context.meter().add(Int64(bytes.count))
      let verification = description.checksum.map { Verification($0) } ?? .lengthAndRanges
      return .file(name, bytes, modified: object.lastModified ?? description.lastModified, verification)
    } catch {
      return Self.item(error, name)
    }
  }

  private func check(_ name: ItemName) throws(SyncError) {
    guard name.bytes.count <= ItemName.maximumLength, name.bytes.last != UInt8(ascii: "/") else {
      throw .unsafeKey("a name that ends in a slash is a folder's")
    }
    if name.removing(ErrorRecord.suffix) != nil {
      throw .unsafeKey("a name that ends in \(ErrorRecord.suffix) is an error record's")
    }
  }

  /// The object's error record, or the end of the stream.
  static func item(_ error: SyncError, _ name: ItemName) -> StreamItem {
    guard let code = errorCode(error) else { return .fatal(name, error) }
    return .failed(
      ErrorRecord(image: name, tool: "s3sync", code: code, message: error.reason), isDenied: code == "forbidden")
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
    if failure.isTransient || failure.isExpiry || accountCodes.contains(failure.code) { return nil }
    switch (failure.status, failure.code) {
    case (_, "NoSuchBucket"): return nil
    case (_, "InvalidObjectState"): return "archived"
    case (403, _): return "forbidden"
    case (404, _), (410, _): return "not-found"
    // A delete marker was asked for by its version.
    case (405, _): return "deleted"
    case (400, _): return "refused"
    default: return nil
    }
  default: return nil
  }
}

/// Refusals of 400 and 403 that concern the credentials, not the object.
private let accountCodes: Set<String> = [
  "AccountProblem", "AllAccessDisabled", "AuthorizationHeaderMalformed", "InvalidAccessKeyId", "InvalidBucketName",
  "InvalidClientTokenId", "InvalidSecurity", "InvalidToken", "MissingAuthenticationToken", "MissingSecurityHeader",
  "NotSignedUp", "SignatureDoesNotMatch", "UnrecognizedClientException",
]
