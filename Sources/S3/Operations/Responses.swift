// What S3 returns in XML: flat documents, and errors where the status says success.

import ASCII
import AWS
import HTTP
import HTTPFields
import POSIX

/// The texts of the children of the root element; nil where the document is an error or broken. The root's own name does
/// not matter: what a response means is what it holds, and stores disagree about the name.
func fields(_ response: Response) -> [String: String]? { try? leafTexts(response.body) }

private func leafTexts(_ xml: [UInt8]) throws(XMLError) -> [String: String]? {
  var reader = XMLReader(xml)
  guard case .start(let root) = try reader.next(), root != "Error" else { return nil }
  var fields = [String: String]()
  while let name = try reader.nextChild() { fields[name] = try leafText(&reader) }
  return fields
}

/// Reads the document in a response. One that cannot be read may be an error, whose status says success all the same.
///
/// - Parameter name: what the document is, for the error.
func document<Value>(
  _ name: String, in response: Response, _ read: ([UInt8]) throws(XMLError) -> Value
) throws(ServiceError) -> Value {
  try mapError { (error: XMLError) -> ServiceError in
    if ServiceFailure(response).code != "" { return embeddedError(response) }
    return .malformedResponse("\(name): \(error.sentence)")
  } of: { () throws(XMLError) in
    try read(response.body)
  }
}

/// The text of the element that has just started; that of the elements inside it is left out.
private func leafText(_ reader: inout XMLReader) throws(XMLError) -> String {
  var text = [UInt8]()
  while true {
    switch try reader.next() {
    case .text(let piece): text += piece
    case .start: try reader.skipElement()
    case .end: return String(decoding: text, as: UTF8.self)
    case .endOfDocument: throw .truncated
    }
  }
}

/// The error in a response whose status says success: S3 sends the status before a long work is done.
func embeddedError(_ response: Response) -> ServiceError {
  // A server that fails during that work has sent only white space.
  if response.body.allSatisfy(\.isASCIIWhitespace) {
    return .transport(.truncated(expected: -1, received: Int64(response.body.count)))
  }
  let failure = ServiceFailure(response)
  if failure.code.isEmpty { return .malformedResponse("neither a result nor an error") }
  let status = ["InternalError": 500, "SlowDown": 503, "ServiceUnavailable": 503, "RequestTimeout": 400]
  return .refused(
    ServiceFailure(status: status[failure.code] ?? 400, code: failure.code, message: failure.message))
}

/// The entity tag in the response to a copy, quotes included.
func copiedTag(_ response: Response) throws(ServiceError) -> String {
  guard let etag = fields(response)?["ETag"], !etag.isEmpty else { throw embeddedError(response) }
  return etag
}

/// The headers that name what is copied. The key is percent-encoded once, its slashes kept.
func copySource(_ source: GetRequest) -> HeaderFields {
  var value = "/\(source.object.bucket)/\(percentEncoded(source.object.key.bytes, keepingSlash: true))"
  if let versionID = source.versionID { value += "?versionId=\(percentEncoded(versionID.utf8))" }
  var headers: HeaderFields = [("x-amz-copy-source", value)]
  if let etag = source.ifMatch { headers.append(("x-amz-copy-source-if-match", "\"\(etag)\"")) }
  return headers
}

/// The text with the characters that XML needs for itself written as references.
func xmlEscaped(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    case "\r": result += "&#13;"
    case "\n": result += "&#10;"
    case "\t": result += "&#9;"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}
