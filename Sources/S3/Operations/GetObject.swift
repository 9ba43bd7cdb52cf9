// GetObject: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html

package import AWS
import HTTP
import HTTPFields

extension Client {
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

/// Bytes that have arrived.
@Loop
final class Received {
  var count: Int64 = 0
  /// Why the current response is not what was requested.
  var problem: String?
}
