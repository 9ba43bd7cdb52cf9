// Compares a file with an object's checksums.

import AWS
import Crypto
import HTTP
import S3
import Streams

@Loop
struct FileVerifier {
  let context: TransferContext

  /// Compares a file with an object's stored checksum, or with --verify with a multipart upload's entity tag.
  ///
  /// - Parameters:
  ///   - descriptor: of a file of `description.size` bytes.
  ///   - request: the object.
  /// - Throws: `SyncError.checksum` where the bytes differ.
  func verify(
    _ descriptor: CInt, _ request: GetRequest, _ description: ObjectDescription
  ) async throws(SyncError) -> Verification {
    if let checksum = description.checksum {
      guard try await matches(descriptor, 0..<description.size, checksum) else { throw .checksum }
      return Verification(checksum)
    }
    guard context.options.verifies else { return .lengthAndRanges }
    guard let etag = description.multipartTag else {
      context.warn("\(request.object): has neither a checksum nor an entity tag to verify it by")
      return .lengthAndRanges
    }
    switch try await matches(descriptor, size: description.size, request, multipartTag: etag) {
    case true: return .multipartTag
    case false: throw .checksum
    case nil:
      context.warn("\(request.object): cannot be verified, for the sizes of its parts are unknown")
      return .lengthAndRanges
    }
  }

  /// Whether a piece of a file has a checksum.
  func matches(_ descriptor: CInt, _ range: Range<Int64>, _ checksum: Checksum) async throws(SyncError) -> Bool {
    try await reading { () throws(HTTPError) in
      var verifier = ChecksumVerifier(checksum)
      try readFile(descriptor, offset: range.lowerBound, length: range.upperBound - range.lowerBound) {
        verifier.update($0)
      }
      return verifier.matches
    }
  }

  /// Whether a file has a multipart upload's entity tag; nil where it has not, and the sizes of the parts are a guess.
  func matches(
    _ descriptor: CInt, size: Int64, _ request: GetRequest, multipartTag etag: String
  ) async throws(SyncError) -> Bool? {
    guard let count = partCount(ofEntityTag: etag) else { return nil }
    let first = count == 1 ? size : await self.size(ofPart: 1, request)
    // A service that ignores part numbers answers with the whole object's size.
    guard let first, first > 0, count == 1 || first < size else {
      let own = context.options.partSize ?? TransferOptions.usualPartSize
      for partSize in likelyPartSizes(size: size, count: count, own: own) {
        let plan = MultipartPlan(size: size, exactPartSize: partSize)
        let ranges = (0..<plan.partCount).map { plan.range($0) }
        if try await entityTag(descriptor, ranges) == etag.lowercased() { return true }
      }
      return nil
    }
    if (size + first - 1) / first == Int64(count) {
      let plan = MultipartPlan(size: size, exactPartSize: first)
      if try await entityTag(descriptor, (0..<count).map { plan.range($0) }) == etag.lowercased() { return true }
    }
    guard count > 1 else { return false }
    // Parts of one upload may differ in size.
    guard let ranges = try await ranges(ofParts: count, first, request, total: size) else { return nil }
    return try await entityTag(descriptor, ranges) == etag.lowercased()
  }

  /// Where each part lies, as the service reports; nil where it does not, or where they are not the whole object.
  private func ranges(
    ofParts count: Int, _ first: Int64, _ request: GetRequest, total: Int64
  ) async throws(SyncError) -> [Range<Int64>]? {
    let sizes = PartSizes(count: count)
    sizes.values[0] = first
    try await forEachPart(count - 1, limit: TransferOptions.partsAtOnce) { index throws(SyncError) in
      if let size = await size(ofPart: index + 2, request) { sizes.values[index + 1] = size }
    }
    var ranges = [Range<Int64>]()
    var start: Int64 = 0
    for size in sizes.values {
      guard size > 0 else { return nil }
      ranges.append(start..<start + size)
      start += size
    }
    return start == total ? ranges : nil
  }

  private func size(ofPart number: Int, _ request: GetRequest) async -> Int64? {
    try? await context.client.head(request, partNumber: number).size
  }

  private func entityTag(_ descriptor: CInt, _ ranges: [Range<Int64>]) async throws(SyncError) -> String {
    try await reading { () throws(HTTPError) in
      var digests = [[UInt8]]()
      for range in ranges {
        var hash = Insecure.MD5()
        try readFile(descriptor, offset: range.lowerBound, length: range.upperBound - range.lowerBound) { bytes in
          unsafe bytes.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
        }
        digests.append(Array(hash.finalize()))
      }
      return S3.entityTag(partDigests: digests)
    }
  }

  /// Reads and hashes on another thread.
  private func reading<Value: Sendable>(
    _ work: @escaping @Sendable () throws(HTTPError) -> Value
  ) async throws(SyncError) -> Value {
    let result = await Loop.blocking { Result { () throws(HTTPError) in try work() } }
    return try result.mapError { SyncError.service(.transport($0)) }.get()
  }
}

/// Sizes of parts, 0 where unknown.
@Loop private final class PartSizes {
  var values: [Int64]

  init(count: Int) { values = Array(repeating: 0, count: count) }
}
