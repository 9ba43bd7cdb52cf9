// AWS Signature Version 4, header form: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

import ASCII
import Crypto
import HTTPFields

/// Names and values of a query or a form, in order.
package typealias Query = [(name: String, value: String)]

/// What of a request is signed. Everything is given as it goes on the wire: nothing here is encoded or normalised again,
/// so the request that was signed is the request that is sent.
struct SignableRequest: Sendable {
  var method: String
  /// The percent-encoded path, `/` at least.
  var path: String
  /// Names and values, percent-encoded; an empty value stands for a name alone as well.
  var query: Query
  /// All headers to sign, `host`, `x-amz-date` and (S3) `x-amz-content-sha256` included; names in any case.
  var headers: HeaderFields
  /// Hexadecimal SHA-256 of the body, or `UNSIGNED-PAYLOAD`.
  var payloadHash: String
}

/// How a service wants its path in the canonical request.
package enum PathEncoding: Sendable {
  /// S3: as on the wire.
  case once
  /// All other services: percent-encoded a second time.
  case twice
}

/// A key that is good for one day, one region and one service.
struct SigningKey: Sendable {
  let accessKeyID: String
  let scope: String
  let key: SymmetricKey

  /// - Parameter date: `20150830`.
  init(accessKeyID: String, secretAccessKey: String, date: String, region: String, service: String) {
    self.accessKeyID = accessKeyID
    scope = "\(date)/\(region)/\(service)/aws4_request"
    var key = SymmetricKey(data: Array("AWS4\(secretAccessKey)".utf8))
    for part in [date, region, service, "aws4_request"] {
      key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
    }
    self.key = key
  }
}

/// The value of the `Authorization` header.
///
/// - Parameter date: the value of `x-amz-date`: `20150830T123600Z`, of the same day as the key.
func authorization(
  for request: SignableRequest, date: String, key: SigningKey, pathEncoding: PathEncoding
) -> String {
  let (canonical, signedHeaders) = canonicalRequest(request, pathEncoding: pathEncoding)
  let digest = hexadecimal(SHA256.hash(data: canonical))
  let stringToSign = "AWS4-HMAC-SHA256\n\(date)\n\(key.scope)\n\(digest)"
  let signature = HMAC<SHA256>.authenticationCode(for: Array(stringToSign.utf8), using: key.key)
  return "AWS4-HMAC-SHA256 Credential=\(key.accessKeyID)/\(key.scope), SignedHeaders=\(signedHeaders), "
    + "Signature=\(hexadecimal(signature))"
}

/// The canonical request and the names of its headers, sorted and joined by `;`.
func canonicalRequest(_ request: SignableRequest, pathEncoding: PathEncoding) -> (text: [UInt8], signedHeaders: String)
{
  var text = Array(request.method.utf8)
  let newline = UInt8(ascii: "\n")
  text.append(newline)
  switch pathEncoding {
  case .once: text.append(contentsOf: request.path.utf8)
  case .twice: appendPercentEncoded(request.path.utf8, keepingSlash: true, to: &text)
  }
  text.append(newline)
  // Sorted by code point, names before values; `sorted` is stable, so equal pairs keep their order.
  let query = request.query.sorted { left, right in
    isBefore(left.name, right.name) || (left.name == right.name && isBefore(left.value, right.value))
  }
  for (index, (name, value)) in query.enumerated() {
    if index > 0 { text.append(UInt8(ascii: "&")) }
    text.append(contentsOf: name.utf8)
    text.append(UInt8(ascii: "="))
    text.append(contentsOf: value.utf8)
  }
  text.append(newline)

  let headers = request.headers.map { (name: $0.name.lowercased(), value: $0.value) }
    .sorted { isBefore($0.name, $1.name) }
  var names = ""
  for (index, (name, value)) in headers.enumerated() {
    if index > 0 && headers[index - 1].name == name {
      // A repeated header is one line, its values joined by commas.
      text[text.count - 1] = UInt8(ascii: ",")
    } else {
      text.append(contentsOf: name.utf8)
      text.append(UInt8(ascii: ":"))
      names += (names.isEmpty ? "" : ";") + name
    }
    appendTrimmed(value, to: &text)
    text.append(newline)
  }
  text.append(newline)
  text.append(contentsOf: names.utf8)
  text.append(newline)
  text.append(contentsOf: request.payloadHash.utf8)
  return (text, names)
}

/// Order by UTF-8 bytes; `String` compares by canonical equivalence.
private func isBefore(_ left: String, _ right: String) -> Bool {
  left.utf8.lexicographicallyPrecedes(right.utf8)
}

/// Appends a header's value without spaces at its ends and with runs of spaces made one.
private func appendTrimmed(_ value: String, to text: inout [UInt8]) {
  let start = text.count
  var pendingSpace = false
  for byte in value.utf8 {
    if byte == UInt8(ascii: " ") {
      pendingSpace = true
      continue
    }
    if pendingSpace && text.count > start { text.append(UInt8(ascii: " ")) }
    pendingSpace = false
    text.append(byte)
  }
}
