// Which object a read is of, and the condition that it has not changed.

import AWS
import HTTP
import HTTPFields

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

  /// The version of a record, or the bytes that it was listed with.
  package init(_ record: ObjectRecord) {
    self.init(record.uri, versionID: record.versionID, ifMatch: record.etag)
  }

  /// Throws where a response is of an object with another entity tag.
  func check(_ response: Response) throws(ServiceError) {
    guard !isConditional, let ifMatch, let found = entityTag(response.headers["etag"]), found != ifMatch else { return }
    throw .refused(ServiceFailure(status: 412, code: "PreconditionFailed"))
  }

  /// - Parameter wantsChecksum: the stored checksum is sent along; not for a range.
  func fill(_ call: inout ServiceRequest, wantsChecksum: Bool) {
    if let versionID { call.query.append(("versionId", percentEncoded(versionID.utf8))) }
    if let ifMatch, isConditional { call.headers.append(("if-match", "\"\(ifMatch)\"")) }
    if wantsChecksum { call.headers.append(("x-amz-checksum-mode", "ENABLED")) }
  }
}

extension Client {
  /// Sends what depends on the object's entity tag. A store that compares tags in another form than it gives them (weak
  /// ones, or without quotes) refuses the condition though the object has not changed: then the request goes without
  /// it, and the tag in the response is compared here.
  func conditionally<Value>(
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
}
