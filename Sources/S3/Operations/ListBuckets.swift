// ListBuckets: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html

package import AWS
import HTTP
import POSIX

/// A bucket of the account.
package struct Bucket: Equatable, Sendable {
  package let name: String
  package let created: Timestamp?
}

extension Client {
  /// All buckets that the credentials' account owns, in the service's order.
  package func listBuckets() async throws(ServiceError) -> [Bucket] {
    var buckets = [Bucket]()
    var token: String?
    repeat {
      let response = try await services.send(bucketsCall(continuationToken: token))
      let page = try mapError {
        ServiceError.malformedResponse("list of buckets: \($0.sentence)")
      } of: { () throws(XMLError) in
        try bucketPage(response.body)
      }
      buckets += page.buckets
      guard page.continuationToken == nil || page.continuationToken != token else {
        throw .malformedResponse("list of buckets: repeated continuation token")
      }
      token = page.continuationToken
    } while token != nil
    return buckets
  }
}

/// Reads a `ListAllMyBucketsResult`.
func bucketPage(_ xml: [UInt8]) throws(XMLError) -> (buckets: [Bucket], continuationToken: String?) {
  var reader = XMLReader(xml)
  guard try reader.next() == .start("ListAllMyBucketsResult") else { throw .malformed(offset: 0) }
  var buckets = [Bucket]()
  var token: String?
  while let name = try reader.nextChild() {
    switch name {
    case "Buckets":
      while let child = try reader.nextChild() {
        guard child == "Bucket" else {
          try reader.skipElement()
          continue
        }
        let fields = try reader.texts()
        guard let name = fields["Name"] else { throw .unexpectedElement("Bucket") }
        buckets.append(Bucket(name: name, created: fields["CreationDate"].flatMap(Timestamp.init(iso8601:))))
      }
    case "ContinuationToken": token = String(decoding: try reader.text(), as: UTF8.self)
    default: try reader.skipElement()
    }
  }
  return (buckets, token.flatMap { $0.isEmpty ? nil : $0 })
}
