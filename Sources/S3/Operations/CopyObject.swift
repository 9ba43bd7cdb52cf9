// CopyObject: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html

package import AWS
import HTTP

extension Client {
  /// The largest object that one copy takes.
  package static let maximumCopySize: Int64 = 5 << 30

  /// Copies an object of at most `maximumCopySize` within the service; gives the copy's entity tag.
  ///
  /// Type and metadata come along from the source, unless the attributes have a type, a cache rule or metadata: then
  /// theirs are given instead of all of the source's.
  @discardableResult
  package func copy(
    _ source: GetRequest, to target: ObjectURI, attributes: ObjectAttributes
  ) async throws(ServiceError) -> String? {
    let replaces = attributes.replacesMetadata
    var etag: String?
    _ = try await send("PUT", target.bucket, target.key) { call in
      call.headers += copySource(source) + attributes.headers
      if replaces { call.headers.append(("x-amz-metadata-directive", "REPLACE")) }
      if !attributes.tags.isEmpty { call.headers.append(("x-amz-tagging-directive", "REPLACE")) }
    } check: { (response) throws(ServiceError) in
      etag = unquoted(try copiedTag(response))
    }
    return etag
  }
}
