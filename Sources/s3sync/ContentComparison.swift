// --checksum: whether a file and an object, or two objects, of one size hold the same bytes.

import ASCII
import AWS
import Crypto
import HTTP
import S3
import Streams

@Loop
struct ContentComparison {
  let context: TransferContext

  /// Compares a file with an object's entity tag (an MD5, or a multipart upload's), and where that is not conclusive with
  /// the checksum that is stored with the object.
  ///
  /// - Parameter etag: as listed.
  func isEqual(
    file path: String, size: Int64, object: ObjectURI, etag: String?, followsSymlinks: Bool = true
  ) async throws(SyncError) -> Bool {
    let file = try systemCalls { () throws(SystemError) in try OpenFile(path, followsSymlinks: followsSymlinks) }
    guard file.size == size else { return false }
    let verifier = FileVerifier(context: context)
    let request = GetRequest(object, ifMatch: etag)
    if let etag {
      if let md5 = md5(ofEntityTag: etag), try await verifier.matches(file.descriptor, 0..<size, .md5(md5)) {
        return true
      }
      if try await verifier.matches(file.descriptor, size: size, request, multipartTag: etag) == true { return true }
    }
    let description = try await call { () async throws(ServiceError) in try await context.client.head(request) }
    guard let checksum = description.checksum, checksum != etag.map({ .md5($0.lowercased()) }) else { return false }
    return try await verifier.matches(file.descriptor, 0..<size, checksum)
  }

  /// Two objects: the same tag of the same kind, or the same stored checksum.
  func isEqual(_ source: ObjectURI, _ sourceTag: String?, _ target: ObjectURI, _ targetTag: String?)
    async throws(SyncError) -> Bool
  {
    if let sourceTag, sourceTag == targetTag { return true }
    let client = context.client
    let left = try await call { () async throws(ServiceError) in try await client.head(GetRequest(source)) }
    let right = try await call { () async throws(ServiceError) in try await client.head(GetRequest(target)) }
    return left.checksum != nil && left.checksum == right.checksum
  }
}
