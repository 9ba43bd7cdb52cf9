// Entity tags: how they are written, and those of multipart uploads, which are the MD5 of the parts' MD5s.

import ASCII
import AWS
import Crypto

/// The tag that S3 gives an object of parts with these MD5s.
package func entityTag(partDigests: [[UInt8]]) -> String {
  var hash = Insecure.MD5()
  for digest in partDigests { hash.update(data: digest) }
  return hexadecimal(hash.finalize()) + "-\(partDigests.count)"
}

/// How many parts a tag speaks of; nil where it is not a multipart upload's.
package func partCount(ofEntityTag etag: String) -> Int? {
  let pieces = etag.split(separator: "-", omittingEmptySubsequences: false)
  guard pieces.count == 2, md5(ofEntityTag: String(pieces[0])) != nil, let count = Int(pieces[1]),
    (1...10_000).contains(count)
  else { return nil }
  return count
}

/// The part sizes that clients use and that give an object of `size` bytes `count` parts, likelier ones first.
///
/// - Parameter own: the size that this tool would choose.
package func likelyPartSizes(size: Int64, count: Int, own: Int64) -> [Int64] {
  let mebibyte: Int64 = 1 << 20
  let wholeMebibytes = (size + Int64(count) * mebibyte - 1) / (Int64(count) * mebibyte) * mebibyte
  // aws-cli 8, s5cmd 50, rclone 5, the SDKs' managers 5 and 8, the console 16 and 17, MinIO's client 16 and 64.
  let usual: [Int64] = [8, 16, 5, 50, 64, 10, 15, 17, 32, 100, 128, 256, 512, 1024].map { $0 * mebibyte }
  var result = [Int64]()
  for candidate in [own] + usual + [wholeMebibytes] {
    let parts = max(1, (size + candidate - 1) / candidate)
    if parts == Int64(count) && !result.contains(candidate) { result.append(candidate) }
  }
  return result
}

/// An entity tag without the quotes it has in headers and listings, and without the mark of a weak one (`W/`).
func unquoted(_ etag: String) -> String {
  let tag = etag.hasPrefix("W/") ? etag.dropFirst(2) : etag[...]
  guard tag.utf8.count >= 2, tag.hasPrefix("\""), tag.hasSuffix("\"") else { return String(tag) }
  return String(tag.dropFirst().dropLast())
}

/// The entity tag in a header or a listing, without quotes; nil where there is none or an empty one.
func entityTag(_ text: String?) -> String? {
  guard let tag = text.map(unquoted), !tag.isEmpty else { return nil }
  return tag
}
