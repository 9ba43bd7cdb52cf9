// GetObjectTagging: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html

package import AWS
import HTTP

extension Client {
  /// The tags of an object; none where the service has no tags.
  package func tags(of request: GetRequest) async throws(ServiceError) -> Query {
    var tags: Query = []
    do throws(ServiceError) {
      _ = try await send("GET", request.object.bucket, request.object.key) { call in
        call.query = [("tagging", "")]
        if let versionID = request.versionID { call.query.append(("versionId", percentEncoded(versionID.utf8))) }
      } check: { (response) throws(ServiceError) in
        tags = try document("tags of \(request.object)", in: response, tagSet)
      }
    } catch {
      guard case .refused(let failure) = error,
        failure.code == "NoSuchTagSet" || [400, 405, 501].contains(failure.status)
      else { throw error }
    }
    return tags
  }
}

/// Reads a `Tagging`.
func tagSet(_ xml: [UInt8]) throws(XMLError) -> Query {
  var reader = XMLReader(xml)
  guard try reader.next() == .start("Tagging") else { throw .unexpectedElement("at the root") }
  var tags: Query = []
  while let child = try reader.nextChild() {
    guard child == "TagSet" else {
      try reader.skipElement()
      continue
    }
    while try reader.nextChild() != nil {
      let fields = try reader.texts()
      guard let name = fields["Key"] else { throw .unexpectedElement("Tag") }
      tags.append((name, fields["Value"] ?? ""))
    }
  }
  return tags
}
