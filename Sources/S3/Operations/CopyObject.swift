// CopyObject: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html

import ASCII
package import AWS
import HTTP
import HTTPFields

/// Which attributes of the source a copy gets.
package enum CopiedAttributes: Sendable {
  /// Headers and metadata of the source, and its tags unless the attributes have some.
  case all
  /// Not its headers and metadata: the given attributes are all that the copy gets. Tags as above.
  case tags
}

extension Client {
  /// The largest object that one copy takes.
  package static let maximumCopySize: Int64 = 5 << 30

  /// Copies an object of at most `maximumCopySize` within the service; gives the copy's entity tag.
  ///
  /// - Parameter attributes: storage class, encryption and tags of the copy, and what `copied` leaves to them.
  @discardableResult
  package func copy(
    _ source: GetRequest, to target: ObjectURI, attributes: ObjectAttributes, copied: CopiedAttributes
  ) async throws(ServiceError) -> String? {
    var etag: String?
    _ = try await send("PUT", target.bucket, target.key) { call in
      call.isLengthy = true
      call.headers += copySource(source) + attributes.headers
      if copied == .tags { call.headers.append(("x-amz-metadata-directive", "REPLACE")) }
      if !attributes.tags.isEmpty { call.headers.append(("x-amz-tagging-directive", "REPLACE")) }
    } check: { (response) throws(ServiceError) in
      etag = unquoted(try copiedTag(response))
    }
    return etag
  }
}

extension ObjectDescription {
  /// The object's headers and metadata as a copy is given them: each of them unless `given` has another.
  ///
  /// - Parameter inPlace: the copy takes the place of the object, so it keeps storage class and encryption too.
  package func attributes(changedBy given: ObjectAttributes, inPlace: Bool) -> ObjectAttributes {
    var result = given
    result.contentType = given.contentType ?? headers["content-type"]
    result.cacheControl = given.cacheControl ?? headers["cache-control"]
    result.contentEncoding = given.contentEncoding ?? headers["content-encoding"]
    result.contentDisposition = given.contentDisposition ?? headers["content-disposition"]
    result.contentLanguage = given.contentLanguage ?? headers["content-language"]
    result.expires = given.expires ?? headers["expires"]
    let prefix = "x-amz-meta-"
    for (name, value) in headers {
      let name = name.asciiLowercased
      guard name.hasPrefix(prefix) else { continue }
      let bare = String(name.dropFirst(prefix.utf8.count))
      if !given.metadata.contains(where: { $0.name.asciiLowercased == bare }) { result.metadata.append((bare, value)) }
    }
    if inPlace {
      result.storageClass = given.storageClass ?? headers["x-amz-storage-class"]
      if given.encryption == nil {
        result.encryption = headers["x-amz-server-side-encryption"]
        result.kmsKeyID = headers["x-amz-server-side-encryption-aws-kms-key-id"]
      }
    }
    return result
  }

  /// Whether the object has what `given` asks for; its tags are not looked at.
  package func has(_ given: ObjectAttributes) -> Bool {
    func matches(_ value: String?, _ header: String) -> Bool { value == nil || value == headers[header] }
    return matches(given.contentType, "content-type") && matches(given.cacheControl, "cache-control")
      && matches(given.contentEncoding, "content-encoding") && matches(given.contentDisposition, "content-disposition")
      && matches(given.encryption, "x-amz-server-side-encryption")
      && matches(given.kmsKeyID, "x-amz-server-side-encryption-aws-kms-key-id")
      && given.metadata.allSatisfy { metadata($0.name) == $0.value }
      && (given.storageClass == nil || given.storageClass == headers["x-amz-storage-class"] ?? "STANDARD")
  }
}
