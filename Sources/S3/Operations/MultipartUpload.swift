// Multipart uploads: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html

import ASCII
package import AWS
import HTTP
import HTTPFields

/// An upload that has begun: it costs storage until it is completed or aborted.
package struct MultipartUpload: Sendable {
  let object: ObjectURI
  let id: String
  /// By the service's clock.
  let began: Timestamp?

  /// Seconds for which a cancelled task waits for the service's response, so that an upload that was just begun is known
  /// and can be aborted, and no part is stored after the abort.
  static let cancellationGrace = 4.0
}

/// A part that the service has.
package struct UploadedPart: Sendable {
  /// 1 ... 10,000
  package let number: Int
  /// With its quotes, as it goes back.
  let etag: String
  let crc32: UInt32?
  let length: Int64
}

extension Client {
  /// Begins an upload.
  ///
  /// - Parameter hasChecksums: its parts will carry CRC-32s; false for parts copied from another object.
  package func createMultipartUpload(
    _ object: ObjectURI, attributes: ObjectAttributes, hasChecksums: Bool = true
  ) async throws(ServiceError) -> MultipartUpload {
    var id = ""
    let response = try await send("POST", object.bucket, object.key) { call in
      call.query = [("uploads", "")]
      call.options.cancellationGrace = MultipartUpload.cancellationGrace
      call.headers += attributes.headers
      if hasChecksums && sendsChecksums {
        call.headers += [("x-amz-checksum-algorithm", "CRC32"), ("x-amz-checksum-type", "FULL_OBJECT")]
      }
    } check: { (response) throws(ServiceError) in
      guard let found = fields(response)?["UploadId"], !found.isEmpty else { throw embeddedError(response) }
      id = found
    }
    return MultipartUpload(
      object: object, id: id, began: response.headers["date"].flatMap(Timestamp.init(http:)))
  }

  /// Stores a part.
  ///
  /// - Parameter number: 1 ... 10,000
  package func uploadPart(
    _ upload: MultipartUpload, number: Int, _ payload: Payload
  ) async throws(ServiceError) -> UploadedPart {
    let digests = try await mapError(ServiceError.transport) { () async throws(HTTPError) in
      try await payload.digests(isSecure: isSecure(upload.object.bucket))
    }
    var isChecked = false
    let response = try await send("PUT", upload.object.bucket, upload.object.key) { call in
      isChecked = sendsChecksums
      call.query = [("partNumber", String(number)), ("uploadId", percentEncoded(upload.id.utf8))]
      call.options.cancellationGrace = MultipartUpload.cancellationGrace
      if sendsChecksums { call.headers += checksumHeaders(digests.crc32) }
      call.body = payload.body
      call.payloadHash = digests.payloadHash
    }
    guard let etag = response.headers["etag"], isEntityTag(etag) else {
      throw .malformedResponse("a part without a tag")
    }
    return UploadedPart(
      number: number, etag: etag, crc32: isChecked ? digests.crc32 : nil, length: payload.length)
  }

  /// Stores a range of another object as a part, a server-side copy; refused with 412 where the source's entity tag is
  /// not `source.ifMatch`.
  package func copyPart(
    _ upload: MultipartUpload, number: Int, from source: GetRequest, range: Range<Int64>
  ) async throws(ServiceError) -> UploadedPart {
    var etag = ""
    _ = try await send("PUT", upload.object.bucket, upload.object.key) { call in
      call.query = [("partNumber", String(number)), ("uploadId", percentEncoded(upload.id.utf8))]
      call.options.cancellationGrace = MultipartUpload.cancellationGrace
      call.isLengthy = true
      call.headers += copySource(source)
      call.headers.append(("x-amz-copy-source-range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)"))
    } check: { (response) throws(ServiceError) in
      etag = try copiedTag(response)
    }
    return UploadedPart(number: number, etag: etag, crc32: nil, length: range.upperBound - range.lowerBound)
  }

  /// Makes the parts one object. The response may be 200 and hold an error all the same.
  ///
  /// - Parameter parts: all of them, in order of their numbers.
  @discardableResult
  package func complete(
    _ upload: MultipartUpload, _ parts: [UploadedPart], ifAbsent: Bool = false
  ) async throws(ServiceError) -> StoredObject {
    var body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
    var crc: UInt32? = 0
    for part in parts {
      body += "<Part><PartNumber>\(part.number)</PartNumber><ETag>\(xmlEscaped(part.etag))</ETag>"
      if let partCRC = part.crc32 {
        body += "<ChecksumCRC32>\(base64(bigEndian: partCRC))</ChecksumCRC32>"
        crc = crc.map { crc32.combine($0, partCRC, length: part.length) }
      } else {
        crc = nil
      }
      body += "</Part>"
    }
    body += "</CompleteMultipartUpload>"
    let bytes = Array(body.utf8)
    var stored = StoredObject()
    var attempts = 0
    do throws(ServiceError) {
      _ = try await send("POST", upload.object.bucket, upload.object.key) { call in
        attempts += 1
        call.isLengthy = true
        call.query = [("uploadId", percentEncoded(upload.id.utf8))]
        call.options.cancellationGrace = MultipartUpload.cancellationGrace
        call.setBody(bytes)
        call.headers.append(("content-type", "application/xml"))
        if let crc {
          call.headers += [
            ("x-amz-checksum-crc32", base64(bigEndian: crc)), ("x-amz-checksum-type", "FULL_OBJECT"),
          ]
        }
        if ifAbsent { call.headers.append(("if-none-match", "*")) }
      } check: { (response) throws(ServiceError) in
        // What counts is an entity tag, or at least the object's name, and no error: stores differ in all else.
        guard let fields = fields(response), ["ETag", "Key", "Location"].contains(where: { fields[$0] != nil }) else {
          throw embeddedError(response)
        }
        stored.etag = entityTag(fields["ETag"])
        stored.isChecksumConfirmed = crc.map { fields["ChecksumCRC32"] == base64(bigEndian: $0) } ?? false
      } recover: { _ in
        // The response may have been lost on its way, and the object be complete.
        guard let tag = await self.completedTag(upload, parts, crc: crc) else { return nil }
        stored.etag = tag
        return Response(status: 200)
      }
    } catch {
      // The upload is gone because an earlier attempt completed it; libcurl also sends again by itself, where a kept
      // connection breaks before the response.
      guard case .refused(let failure) = error, failure.status == 404 || (failure.status == 412 && attempts > 1),
        let tag = await completedTag(upload, parts, crc: crc)
      else { throw error }
      stored.etag = tag
    }
    return stored
  }

  /// The entity tag of the object, where it is the one that this upload makes; nil where it is another or not there.
  private func completedTag(_ upload: MultipartUpload, _ parts: [UploadedPart], crc: UInt32?) async -> String? {
    guard !Task.isCancelled, let found = try? await head(GetRequest(upload.object)),
      found.size == parts.reduce(0, { $0 + $1.length }), let tag = found.etag
    else { return nil }
    if let crc, case .crc32(let stored)? = found.checksum { return stored == base64(bigEndian: crc) ? tag : nil }
    if let expected = expectedTag(parts) { return tag.asciiLowercased == expected ? tag : nil }
    // Encrypted parts have tags that say nothing; then the time and the number of parts decide.
    guard let began = upload.began, let modified = found.lastModified else { return nil }
    return modified >= began && tag.hasSuffix("-\(parts.count)") ? tag : nil
  }

  /// Aborts the upload, which deletes its parts; in a cancelled task too.
  ///
  /// - Parameter hasStrays: parts may still be on their way. The service may store a part that it was receiving when it
  ///   got the abort, so the abort is repeated until the upload is unknown.
  package func abort(_ upload: MultipartUpload, hasStrays: Bool = false) async throws(ServiceError) {
    try await Loop.uncancelled { () -> Result<Void, ServiceError> in
      do throws(ServiceError) {
        try await self.sendAbort(upload)
        for _ in 0..<(hasStrays ? Self.strayAborts : 0) {
          await Loop.sleep(seconds: Self.strayDelay)
          try await self.sendAbort(upload)
        }
        return .success(())
      } catch {
        if case .refused(let failure) = error, failure.status == 404 { return .success(()) }
        return .failure(error)
      }
    }.get()
  }

  /// How often an abort is repeated where parts may still be on their way, and the seconds between.
  private static let strayAborts = 2
  private static let strayDelay = 1.5

  private func sendAbort(_ upload: MultipartUpload) async throws(ServiceError) {
    _ = try await send("DELETE", upload.object.bucket, upload.object.key) { call in
      call.query = [("uploadId", percentEncoded(upload.id.utf8))]
      call.options.totalTimeout = 10_000
    }
  }
}

/// The tag that the whole object should get, where the parts' tags are MD5s.
private func expectedTag(_ parts: [UploadedPart]) -> String? {
  var digests = [[UInt8]]()
  for part in parts {
    guard let md5 = md5(ofEntityTag: unquoted(part.etag)), let digest = bytes(hexadecimal: md5.utf8) else { return nil }
    digests.append(digest)
  }
  return entityTag(partDigests: digests)
}

/// Tags go back in XML and in headers.
private func isEntityTag(_ text: String) -> Bool {
  (1...256).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
}
