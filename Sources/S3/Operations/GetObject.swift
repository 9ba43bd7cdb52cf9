// HeadObject and GetObject: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html

public import AWS
public import HTTP

/// What is known of an object without its bytes.
public struct ObjectDescription: Sendable {
  public let size: Int64
  /// Without quotes.
  public let etag: String?
  public let lastModified: Timestamp?
  public let checksum: Checksum?
  public let headers: Headers

  init(_ response: Response) throws(ServiceError) {
    guard let size = response.headers["content-length"].flatMap({ Int64($0) }), size >= 0 else {
      throw .malformedAnswer("no length")
    }
    self.size = size
    etag = response.headers["etag"].map(unquoted)
    lastModified = response.headers["last-modified"].flatMap(Timestamp.init(http:))
    checksum = Checksum(response.headers)
    headers = response.headers
  }

  /// A value of user metadata, `x-amz-meta-NAME`.
  public func metadata(_ name: String) -> String? { headers["x-amz-meta-\(name)"] }

  /// The entity tag, where it is the MD5 of the MD5s of a multipart upload's parts; nil for any other, and for objects
  /// encrypted under KMS or a customer's key.
  public var multipartTag: String? {
    guard let etag, hasDigestTag(headers), partCount(ofEntityTag: etag) != nil else { return nil }
    return etag
  }
}

/// The bytes of an object that has to be the one that was listed.
public struct GetRequest: Sendable {
  public var object: ObjectURI
  public var versionID: String?
  /// Without quotes; the answer is 412 where the object has another.
  public var ifMatch: String?

  public init(_ object: ObjectURI, versionID: String? = nil, ifMatch: String? = nil) {
    self.object = object
    self.versionID = versionID
    self.ifMatch = ifMatch
  }

  /// - Parameter wantsChecksum: the stored checksum is sent along; not for a range.
  fileprivate func fill(_ call: inout Call, wantsChecksum: Bool) {
    if let versionID { call.query.append(("versionId", percentEncoded(versionID.utf8))) }
    if let ifMatch { call.headers.append(("if-match", "\"\(ifMatch)\"")) }
    if wantsChecksum { call.headers.append(("x-amz-checksum-mode", "ENABLED")) }
  }
}

extension Client {
  /// What S3 knows of an object.
  ///
  /// - Parameter partNumber: of that part of a multipart upload, 1 and up.
  public func head(_ request: GetRequest, partNumber: Int? = nil) async throws(ServiceError) -> ObjectDescription {
    let response = try await send("HEAD", request.object.bucket, request.object.key) { call in
      request.fill(&call, wantsChecksum: partNumber == nil)
      if let partNumber { call.query.append(("partNumber", String(partNumber))) }
    }
    return try ObjectDescription(response)
  }

  /// The whole object in memory, checked against what the service says of it.
  ///
  /// - Parameters:
  ///   - size: as listed; another length is an error.
  ///   - limit: an object that is longer is `HTTPError.tooLarge`.
  public func get(
    _ request: GetRequest, size: Int64?, limit: Int
  ) async throws(ServiceError) -> (bytes: [UInt8], description: ObjectDescription) {
    var description: ObjectDescription?
    let response = try await send("GET", request.object.bucket, request.object.key) { call in
      request.fill(&call, wantsChecksum: true)
      call.sink = .memory(limit: limit)
    } check: { (response) throws(ServiceError) in
      let found = try ObjectDescription(response)
      description = found
      guard response.status != 206 else { throw .malformedAnswer("a part of the object where all of it was requested") }
      // A short body whose connection was closed early may look whole.
      guard found.size == response.body.count else {
        throw .transport(.truncated(expected: found.size, received: Int64(response.body.count)))
      }
      if let size, size != found.size {
        let message = "\(found.size) bytes where \(size) were listed"
        throw .refused(ServiceFailure(status: 412, code: "PreconditionFailed", message: message))
      }
      guard let checksum = found.checksum else { return }
      var verifier = ChecksumVerifier(checksum)
      unsafe verifier.update(response.body.span.bytes)
      guard verifier.matches else { throw .malformedAnswer("the bytes that arrived do not have the object's checksum") }
    }
    guard let description else { throw .malformedAnswer("no length") }
    return (response.body, description)
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
  public func get(
    _ request: GetRequest, range: Range<Int64>, of total: Int64, take: @escaping @Sendable (RawSpan) -> Bool
  ) async throws(ServiceError) {
    let length = range.upperBound - range.lowerBound
    let received = Received()
    _ = try await send("GET", request.object.bucket, request.object.key) { call in
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
      received.problem.map { .malformedAnswer($0) } ?? error
    } check: { (response) throws(ServiceError) in
      guard received.count == length else {
        throw .transport(.truncated(expected: length, received: received.count))
      }
    }
  }
}

/// Bytes that have arrived; used on the loop's thread alone.
private final class Received: @unchecked Sendable {
  var count: Int64 = 0
  /// Why the current response is not what was requested.
  var problem: String?
}
