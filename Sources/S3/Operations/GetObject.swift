// HeadObject and GetObject: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html

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

/// A request for the bytes of an object, which must be the listed version.
package struct GetRequest: Sendable {
  package var object: ObjectURI
  package var versionID: String?
  /// Without quotes; the answer is 412 where the object has another.
  package var ifMatch: String?

  /// Whether the tag is sent as a condition; otherwise the response's is compared.
  var isConditional = true

  package init(_ object: ObjectURI, versionID: String? = nil, ifMatch: String? = nil) {
    self.object = object
    self.versionID = versionID
    self.ifMatch = ifMatch.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Throws where a response is of an object with another entity tag.
  fileprivate func check(_ response: Response) throws(ServiceError) {
    guard !isConditional, let ifMatch, let found = entityTag(response.headers["etag"]), found != ifMatch else { return }
    throw .refused(ServiceFailure(status: 412, code: "PreconditionFailed"))
  }

  /// - Parameter wantsChecksum: the stored checksum is sent along; not for a range.
  fileprivate func fill(_ call: inout ServiceRequest, wantsChecksum: Bool) {
    if let versionID { call.query.append(("versionId", percentEncoded(versionID.utf8))) }
    if let ifMatch, isConditional { call.headers.append(("if-match", "\"\(ifMatch)\"")) }
    if wantsChecksum { call.headers.append(("x-amz-checksum-mode", "ENABLED")) }
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

  /// Sends what depends on the object's entity tag. A store that compares tags in another form than it gives them (weak
  /// ones, or without quotes) refuses the condition though the object has not changed: then the request goes without
  /// it, and the tag in the response is compared here.
  private func conditionally<Value>(
    _ request: GetRequest, _ work: (GetRequest) async throws(ServiceError) -> Value
  ) async throws(ServiceError) -> Value {
    var request = request
    if unconditionalBuckets.contains(request.object.bucket) { request.isConditional = false }
    do throws(ServiceError) {
      return try await work(request)
    } catch {
      guard case .refused(let failure) = error, failure.status == 412, request.ifMatch != nil, request.isConditional
      else { throw error }
      var unconditional = request
      unconditional.isConditional = false
      guard (try? await head(unconditional)) != nil else { throw error }
      unconditionalBuckets.insert(request.object.bucket)
      return try await work(unconditional)
    }
  }

  /// The whole object in memory, checked against what the service says of it.
  ///
  /// - Parameters:
  ///   - size: as listed; another length is an error.
  ///   - limit: an object that is longer is `HTTPError.tooLarge`.
  package func get(
    _ request: GetRequest, size: Int64?, limit: Int
  ) async throws(ServiceError) -> (bytes: [UInt8], description: ObjectDescription) {
    let verifies = services.configuration.verifiesResponses
    return try await conditionally(request) { (request) async throws(ServiceError) in
      var description: ObjectDescription?
      let response = try await self.send("GET", request.object.bucket, request.object.key) { call in
        request.fill(&call, wantsChecksum: verifies)
        call.sink = .memory(limit: limit)
      } check: { (response) throws(ServiceError) in
        try request.check(response)
        let found = try ObjectDescription(response, size: Int64(response.body.count))
        description = found
        guard response.status != 206 else {
          throw .malformedResponse("a part of the object where all of it was requested")
        }
        // A short body whose connection was closed early may look whole.
        guard found.size == response.body.count else {
          throw .transport(.truncated(expected: found.size, received: Int64(response.body.count)))
        }
        if let size, size != found.size {
          let message = "\(found.size) bytes where \(size) were listed"
          throw .refused(ServiceFailure(status: 412, code: "PreconditionFailed", message: message))
        }
        guard verifies, let checksum = found.checksum else { return }
        var verifier = ChecksumVerifier(checksum)
        unsafe verifier.update(response.body.span.bytes)
        guard verifier.matches else { throw .corrupted }
      }
      guard let description else { throw .malformedResponse("no length") }
      return (response.body, description)
    }
  }

  /// A range of an object, piece by piece. A connection that breaks is resumed where it broke, on the same object: the
  /// request's `ifMatch` should be set. A response is refused before its first byte where its `Content-Range` is not
  /// exactly the range requested, of an object of `total` bytes.
  ///
  /// - Parameters:
  ///   - range: of the object's bytes, not empty.
  ///   - total: the object's size.
  ///   - take: gets the bytes in order, each once; false ends the transfer with `HTTPError.stopped`.
  ///     Called while the client works: it must not call the client.
  package func get(
    _ request: GetRequest, range: Range<Int64>, of total: Int64, take: @escaping @Loop (RawSpan) -> Bool
  ) async throws(ServiceError) {
    let length = range.upperBound - range.lowerBound
    // Outside of what may be repeated: bytes that were taken are not taken again.
    let received = Received()
    try await conditionally(request) { (request) async throws(ServiceError) in
      _ = try await self.send("GET", request.object.bucket, request.object.key) { call in
        request.fill(&call, wantsChecksum: false)
        let expected = range.lowerBound + received.count..<range.upperBound
        call.headers.append(("range", "bytes=\(expected.lowerBound)-\(expected.upperBound - 1)"))
        received.problem = nil
        call.sink = .chunks { status, headers in
          received.problem = rangeProblem(
            status: status, headers: headers, expected: expected, total: total, etag: request.ifMatch)
          return received.problem == nil
        } take: { bytes in
          guard Int64(bytes.byteCount) <= length - received.count else {
            received.problem = "more bytes than were requested"
            return false
          }
          received.count += Int64(bytes.byteCount)
          return take(bytes)
        }
      } progress: {
        received.count
      } failure: { error in
        received.problem.map { .malformedResponse($0) } ?? error
      } check: { (response) throws(ServiceError) in
        guard received.count == length else {
          throw .transport(.truncated(expected: length, received: received.count))
        }
      }
    }
  }
}

/// The length that a response declares; nil where it declares none.
private func contentLength(_ headers: HeaderFields) -> Int64? {
  headers["content-length"].flatMap { Int64($0) }.flatMap { $0 >= 0 ? $0 : nil }
}

/// Bytes that have arrived.
@Loop
private final class Received {
  var count: Int64 = 0
  /// Why the current response is not what was requested.
  var problem: String?
}
