// One call of a service, before it is signed.

import ASCII
import Crypto
package import HTTP
package import HTTPFields

/// A request to a service: everything that does not depend on when and by whom it is signed.
package struct ServiceRequest: Sendable {
  var endpoint: Endpoint
  /// The service's name in signatures: `s3`, `sts`, `batch`.
  var service: String
  package internal(set) var region: String
  var method: String
  /// Percent-encoded, with the endpoint's own path in front.
  var path: String
  /// Names and values, percent-encoded.
  package var query: Query = []
  package var headers: HeaderFields = []
  package var body = Request.Body.none
  package var sink = Request.Sink.memory(limit: 16 << 20)
  /// Hexadecimal SHA-256 of the body, or `UNSIGNED-PAYLOAD`.
  package var payloadHash = ServiceRequest.emptyPayloadHash
  package var pathEncoding = PathEncoding.twice
  package var options = Request.Options()
  /// The service may work for long before its first byte: copies, the end of an upload.
  package var isLengthy = false

  static let emptyPayloadHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
  package static let unsignedPayload = "UNSIGNED-PAYLOAD"

  package init(endpoint: Endpoint, service: String, region: String, method: String, path: String) {
    self.endpoint = endpoint
    self.service = service
    self.region = region
    self.method = method
    self.path = path
  }

  /// Sets the body, and its hash to what is sent.
  package mutating func setBody(_ bytes: [UInt8]) {
    body = .bytes(bytes)
    payloadHash = hexadecimal(SHA256.hash(data: bytes))
  }

  /// The request as it goes on the wire, signed where there are credentials.
  ///
  /// - Parameters:
  ///   - key: gives the signing key for a day; a cache in the client.
  func signedRequest(
    _ credentials: Credentials?, now: Timestamp, key: (Credentials, String) -> SigningKey
  ) -> Request {
    var headers = self.headers
    headers.append(("host", endpoint.host))
    if let credentials {
      let date = now.basic
      headers.append(("x-amz-date", date))
      if service == "s3" { headers.append(("x-amz-content-sha256", payloadHash)) }
      if let token = credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
      let signable = SignableRequest(
        method: method, path: path, query: query, headers: headers, payloadHash: payloadHash)
      let authorization = authorization(
        for: signable, date: date, key: key(credentials, String(date.prefix(8))), pathEncoding: pathEncoding)
      headers.append(("authorization", authorization))
    }
    var url = "\(endpoint.scheme)://\(endpoint.host)\(path)"
    for (index, (name, value)) in query.enumerated() { url += "\(index == 0 ? "?" : "&")\(name)=\(value)" }
    return Request(method, url, headers: headers, body: body, sink: sink, options: options)
  }

  /// As above with a key made for this request alone.
  func signedRequest(_ credentials: Credentials?, now: Timestamp) -> Request {
    signedRequest(credentials, now: now) { credentials, date in
      SigningKey(
        accessKeyID: credentials.accessKeyID, secretAccessKey: credentials.secretAccessKey, date: date, region: region,
        service: service)
    }
  }
}
