// Which bytes of an object a response carries: RFC 9110, section 14.4.

import ASCII
import HTTP
import HTTPFields

/// The value of a `Content-Range` header: `bytes 0-99/1234`, the total `*` where the sender does not know it.
struct ContentRange: Equatable {
  let range: Range<Int64>
  let total: Int64?

  /// Nil for any other text, and where the range is empty or beyond the total.
  init?(_ text: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: true)
    guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
    let pieces = words[1].split(separator: "/", omittingEmptySubsequences: false)
    guard pieces.count == 2 else { return nil }
    let bounds = pieces[0].split(separator: "-", omittingEmptySubsequences: false)
    guard bounds.count == 2, let first = objectSize(bounds[0]), let last = objectSize(bounds[1]), first <= last
    else { return nil }
    range = first..<last + 1
    if pieces[1] == "*" {
      total = nil
    } else {
      guard let total = objectSize(pieces[1]), last < total else { return nil }
      self.total = total
    }
  }
}

/// Why a successful response does not carry exactly these bytes of the object; nil where it does.
///
/// - Parameters:
///   - expected: the range requested, not empty.
///   - total: the object's size.
///   - etag: the object's, without quotes; a response with another carries another object's bytes.
func rangeProblem(
  status: Int, headers: HeaderFields, expected: Range<Int64>, total: Int64, etag: String?
) -> String? {
  if let etag, let found = headers["etag"].map(unquoted), !found.isEmpty, found != etag {
    return "bytes of the object with entity tag \(found) where \(etag) was requested"
  }
  let wanted = "bytes \(expected.lowerBound)-\(expected.upperBound - 1)/\(total)"
  guard status == 206 else {
    // A server may answer a range of all bytes with all bytes.
    let length = headers["content-length"].flatMap { Int64($0) }
    if status == 200, expected == 0..<total, length == nil || length == total { return nil }
    return "the service ignores ranges: status \(status) where \(wanted) was requested"
  }
  guard let text = headers["content-range"] else { return "no Content-Range where \(wanted) was requested" }
  guard let found = ContentRange(text), found.range == expected, found.total == nil || found.total == total else {
    return "Content-Range \(text) where \(wanted) was requested"
  }
  return nil
}
