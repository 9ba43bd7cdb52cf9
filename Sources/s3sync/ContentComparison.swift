// --checksum: whether a file and an object, or two objects, of one size hold the same bytes.

import AWS
import Crypto
import HTTP
import S3
import Streams

@Loop
struct ContentComparison {
  let client: S3.Client
  let options: TransferOptions

  /// Holds a file against an object's entity tag (an MD5, or a multipart upload's with the part size inferred), and
  /// where that says nothing against the checksum that is stored with the object.
  ///
  /// - Parameter etag: as listed.
  func isEqual(file path: String, size: Int64, object: ObjectURI, etag: String?) async throws(SyncError) -> Bool {
    let file: OpenFile
    do throws(SystemError) {
      file = try OpenFile(path, followsSymlinks: true)
    } catch {
      throw .system(error)
    }
    guard file.size == size else { return false }
    if let etag, try await matches(file, object, etag) { return true }
    let description = try await call { () async throws(ServiceError) in
      try await client.head(GetRequest(object, ifMatch: etag))
    }
    guard let checksum = description.checksum else { return false }
    var verifier = ChecksumVerifier(checksum)
    try read(file, 0..<size) { verifier.update($0) }
    return verifier.matches
  }

  /// Two objects: the same tag of the same kind, or the same stored checksum.
  func isEqual(_ source: ObjectURI, _ sourceTag: String?, _ target: ObjectURI, _ targetTag: String?)
    async throws(SyncError) -> Bool
  {
    if let sourceTag, sourceTag == targetTag { return true }
    let left = try await call { () async throws(ServiceError) in try await client.head(GetRequest(source)) }
    let right = try await call { () async throws(ServiceError) in try await client.head(GetRequest(target)) }
    return left.checksum != nil && left.checksum == right.checksum
  }

  private func matches(_ file: OpenFile, _ object: ObjectURI, _ etag: String) async throws(SyncError) -> Bool {
    if let md5 = md5(ofEntityTag: etag) {
      var hash = Insecure.MD5()
      try read(file, 0..<file.size) { bytes in unsafe bytes.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) } }
      return hexadecimal(hash.finalize()) == md5
    }
    guard let count = partCount(ofEntityTag: etag) else { return false }
    for partSize in try await partSizes(object, etag, size: file.size, count: count) {
      let plan = MultipartPlan(size: file.size, exactPartSize: partSize)
      var digests = [[UInt8]]()
      for index in 0..<plan.partCount {
        var hash = Insecure.MD5()
        try read(file, plan.range(index)) { bytes in
          unsafe bytes.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
        }
        digests.append(Array(hash.finalize()))
      }
      if entityTag(partDigests: digests) == etag.lowercased() { return true }
    }
    return false
  }

  /// The size of part 1, which S3 tells; other services may not, then the sizes that clients use.
  private func partSizes(_ object: ObjectURI, _ etag: String, size: Int64, count: Int) async throws(SyncError)
    -> [Int64]
  {
    if count == 1 { return [max(size, 1)] }
    let likely = likelyPartSizes(size: size, count: count, own: options.partSize ?? TransferOptions.usualPartSize)
    let told: Int64?
    do throws(ServiceError) {
      told = try await client.head(GetRequest(object, ifMatch: etag), partNumber: 1).size
    } catch {
      told = nil
    }
    guard let told, told > 0, told < size, (size + told - 1) / told == Int64(count) else { return likely }
    return [told]
  }

  private func read(_ file: OpenFile, _ range: Range<Int64>, _ take: (RawSpan) -> Void) throws(SyncError) {
    do throws(HTTPError) {
      try readFile(
        file.descriptor, offset: range.lowerBound, length: range.upperBound - range.lowerBound, take)
    } catch {
      throw .service(.transport(error))
    }
  }
}
