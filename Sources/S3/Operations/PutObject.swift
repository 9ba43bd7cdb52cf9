// PutObject: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html

package import AWS
import HTTP
package import HTTPFields

/// Headers, metadata and tags of an object.
package struct ObjectAttributes: Equatable, Sendable {
  package var contentType: String?
  package var cacheControl: String?
  package var contentEncoding: String?
  package var contentDisposition: String?
  /// Of a copy's source; no flag gives these two.
  var contentLanguage: String?
  var expires: String?
  package var storageClass: String?
  /// `AES256`, `aws:kms` or `aws:kms:dsse`.
  package var encryption: String?
  package var kmsKeyID: String?
  /// `x-amz-meta-*`: names without that.
  package var metadata: HeaderFields = []
  /// `x-amz-tagging`: at most ten.
  package var tags: Query = []

  package init() {}

  package static func == (left: Self, right: Self) -> Bool {
    left.headers == right.headers
  }

  /// Whether a copy is given these headers and metadata instead of all of its source's.
  package var replacesMetadata: Bool {
    [contentType, cacheControl, contentEncoding, contentDisposition, contentLanguage, expires].contains { $0 != nil }
      || !metadata.isEmpty
  }

  /// As PutObject, CopyObject and CreateMultipartUpload take them.
  var headers: HeaderFields {
    var result = HeaderFields()
    for (name, value) in [
      ("content-type", contentType), ("cache-control", cacheControl), ("content-encoding", contentEncoding),
      ("content-disposition", contentDisposition), ("content-language", contentLanguage), ("expires", expires),
      ("x-amz-storage-class", storageClass),
      ("x-amz-server-side-encryption", encryption), ("x-amz-server-side-encryption-aws-kms-key-id", kmsKeyID),
    ] {
      if let value { result.append((name, value)) }
    }
    for (name, value) in metadata { result.append(("x-amz-meta-\(name)", value)) }
    if !tags.isEmpty {
      let pairs = tags.map { "\(percentEncoded($0.name.utf8))=\(percentEncoded($0.value.utf8))" }
      result.append(("x-amz-tagging", pairs.joined(separator: "&")))
    }
    return result
  }
}

/// What the service says of an object that it has stored.
package struct StoredObject: Equatable, Sendable {
  /// Without quotes.
  package var etag: String?
  /// The service returned the checksum that was sent, so it has compared it with the bytes.
  package var isChecksumConfirmed = false
}

extension Client {
  /// Stores an object whole. The CRC-32 of the bytes goes with them.
  ///
  /// - Parameter ifAbsent: refused with 412 where the object exists.
  @discardableResult
  package func put(
    _ object: ObjectURI, _ payload: Payload, attributes: ObjectAttributes = ObjectAttributes(), ifAbsent: Bool = false
  ) async throws(ServiceError) -> StoredObject {
    let digests = try await mapError(ServiceError.transport) { () async throws(HTTPError) in
      try await payload.digests(isSecure: isSecure(object.bucket))
    }
    let response = try await send("PUT", object.bucket, object.key) { call in
      call.headers += attributes.headers
      if sendsChecksums { call.headers += checksumHeaders(digests.crc32) }
      if ifAbsent { call.headers.append(("if-none-match", "*")) }
      call.body = payload.body
      call.payloadHash = digests.payloadHash
    } check: { (response) throws(ServiceError) in
      // Not S3's response but an intermediary's: a captive portal, a proxy.
      if !response.body.isEmpty, response.headers["etag"] == nil { throw .malformedResponse("not a store's response") }
    }
    return StoredObject(
      etag: entityTag(response.headers["etag"]),
      isChecksumConfirmed: response.headers["x-amz-checksum-crc32"] == base64(bigEndian: digests.crc32))
  }
}

/// A body's CRC-32 and the name of the algorithm, as the SDKs send both.
func checksumHeaders(_ crc: UInt32) -> HeaderFields {
  [("x-amz-checksum-crc32", base64(bigEndian: crc)), ("x-amz-sdk-checksum-algorithm", "CRC32")]
}
