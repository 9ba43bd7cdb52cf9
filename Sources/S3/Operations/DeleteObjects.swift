// DeleteObject and DeleteObjects: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html

import ASCII
package import AWS
import Crypto
import HTTP
import HTTPFields

extension Client {
  /// What one request deletes at most.
  package static let maximumDeleteCount = 1000

  /// Deletes objects of a bucket; gives those that were refused. Keys that XML cannot carry are deleted one by one.
  ///
  /// - Parameter keys: at most `maximumDeleteCount`.
  package func delete(
    _ keys: [Key], in bucket: String
  ) async -> [(key: Key, error: ServiceError)] {
    var failures = [(key: Key, error: ServiceError)]()
    let inXML = keys.filter { isXMLText($0) }
    for key in keys where !isXMLText(key) {
      do throws(ServiceError) {
        _ = try await send("DELETE", bucket, key)
      } catch {
        failures.append((key, error))
      }
    }
    if inXML.isEmpty { return failures }
    var body = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>"
    for key in inXML { body += "<Object><Key>\(xmlEscaped(key.text))</Key></Object>" }
    body += "</Delete>"
    let bytes = Array(body.utf8)
    let refused = await batchFailures(bytes, bucket: bucket, keys: inXML)
    return failures + refused
  }

  /// Sends a batch; gives the keys that were refused, all of them where the batch was.
  private func batchFailures(_ bytes: [UInt8], bucket: String, keys: [Key]) async -> [(key: Key, error: ServiceError)] {
    var failures = [(key: Key, error: ServiceError)]()
    do throws(ServiceError) {
      _ = try await send("POST", bucket, nil) { call in
        call.query = [("delete", "")]
        call.setBody(bytes)
        call.headers += [
          ("content-type", "application/xml"), ("content-md5", base64(Array(Insecure.MD5.hash(data: bytes)))),
        ]
      } check: { (response) throws(ServiceError) in
        guard let refused = deleteErrors(response.body) else { throw embeddedError(response) }
        failures = refused
      }
      return failures
    } catch {
      return keys.map { ($0, error) }
    }
  }
}

/// Whether XML 1.0 can carry a key: no controls but tab, line feed and carriage return, and not U+FFFE and U+FFFF
/// (https://www.w3.org/TR/xml/#charsets).
func isXMLText(_ key: Key) -> Bool {
  guard let text = String(validating: key.bytes, as: UTF8.self) else { return false }
  return text.unicodeScalars.allSatisfy { scalar in
    switch scalar.value {
    case 0x09, 0x0A, 0x0D, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...: true
    default: false
    }
  }
}

/// The errors of a `DeleteResult`; nil where the document is not one.
func deleteErrors(_ xml: [UInt8]) -> [(key: Key, error: ServiceError)]? { try? deleteResult(xml) }

/// Reads a `DeleteResult`.
private func deleteResult(_ xml: [UInt8]) throws(XMLError) -> [(key: Key, error: ServiceError)] {
  var reader = XMLReader(xml)
  guard try reader.next() == .start("DeleteResult") else { throw .unexpectedElement("at the root") }
  var failures = [(key: Key, error: ServiceError)]()
  while let name = try reader.nextChild() {
    guard name == "Error" else {
      try reader.skipElement()
      continue
    }
    let fields = try reader.texts()
    let code = fields["Code"] ?? ""
    let statuses = ["AccessDenied": 403, "NoSuchKey": 404, "InternalError": 500, "SlowDown": 503]
    let failure = ServiceFailure(status: statuses[code] ?? 400, code: code, message: fields["Message"] ?? "")
    failures.append((Key(fields["Key"] ?? ""), .refused(failure)))
  }
  return failures
}
