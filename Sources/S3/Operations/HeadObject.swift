// HeadObject: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html

package import AWS
import HTTP
package import HTTPFields

/// What is known of an object without its bytes.
package struct ObjectDescription: Sendable {
  package let size: Int64
  /// Without quotes.
  package let etag: String?
  package let lastModified: Timestamp?
  package let checksum: Checksum?
  package let headers: HeaderFields

  /// - Parameter size: where the response does not say.
  init(_ response: Response, size: Int64? = nil) throws(ServiceError) {
    guard let size = contentLength(response.headers) ?? size else { throw .malformedResponse("no length") }
    self.size = size
    etag = entityTag(response.headers["etag"])
    lastModified = response.headers["last-modified"].flatMap(Timestamp.init(http:))
    checksum = Checksum(response.headers)
    headers = response.headers
  }

  /// A value of user metadata, `x-amz-meta-NAME`.
  package func metadata(_ name: String) -> String? { headers["x-amz-meta-\(name)"] }

  /// The entity tag, where it is the MD5 of the MD5s of a multipart upload's parts; nil for any other, and for objects
  /// encrypted under KMS or a customer's key.
  package var multipartTag: String? {
    guard let etag, hasDigestTag(headers), partCount(ofEntityTag: etag) != nil else { return nil }
    return etag
  }
}

extension Client {
  /// The size, tag, time and headers of an object.
  ///
  /// - Parameter partNumber: of that part of a multipart upload, 1 and up.
  package func head(_ request: GetRequest, partNumber: Int? = nil) async throws(ServiceError) -> ObjectDescription {
    try await conditionally(request) { (request) async throws(ServiceError) in
      let response = try await self.send("HEAD", request.object.bucket, request.object.key) { call in
        request.fill(&call, wantsChecksum: partNumber == nil && self.services.configuration.verifiesResponses)
        if let partNumber { call.query.append(("partNumber", String(partNumber))) }
      }
      try request.check(response)
      if contentLength(response.headers) != nil { return try ObjectDescription(response) }
      return try ObjectDescription(response, size: try await self.measure(request, partNumber: partNumber))
    }
  }

  /// Describes an object; nil where there is none of this name.
  package func headIfPresent(_ request: GetRequest) async throws(ServiceError) -> ObjectDescription? {
    do throws(ServiceError) {
      return try await head(request)
    } catch {
      guard error.kind == .missing else { throw error }
      return nil
    }
  }

  /// The size of an object whose HEAD does not say: from the range of its first byte, or by counting all of them.
  private func measure(_ request: GetRequest, partNumber: Int?) async throws(ServiceError) -> Int64 {
    let counted = Received()
    do throws(ServiceError) {
      let response = try await send("GET", request.object.bucket, request.object.key) { call in
        request.fill(&call, wantsChecksum: false)
        if let partNumber { call.query.append(("partNumber", String(partNumber))) }
        if partNumber == nil { call.headers.append(("range", "bytes=0-0")) }
        counted.count = 0
        call.sink = .chunks { bytes in
          counted.count += Int64(bytes.byteCount)
          return true
        }
      }
      if response.status == 206, partNumber == nil {
        guard let total = response.headers["content-range"].flatMap(ContentRange.init)?.total else {
          throw .malformedResponse("no length")
        }
        return total
      }
      return counted.count
    } catch {
      // An empty object has no first byte.
      if case .refused(let failure) = error, failure.status == 416 { return 0 }
      throw error
    }
  }
}

/// The length that a response declares; nil where it declares none.
private func contentLength(_ headers: HeaderFields) -> Int64? {
  headers["content-length"].flatMap { objectSize($0) }
}
