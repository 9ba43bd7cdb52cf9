// The body of an upload: where its bytes are, and the digests sent with it.

import ASCII
import AWS
import Crypto
import Glibc
package import HTTP
import POSIX

/// The bytes of one upload or of one part of it.
package enum Payload: Sendable {
  case bytes([UInt8])
  /// A piece of an open file, which stays the caller's; see `Request.Body.file` for the observer.
  case file(descriptor: CInt, offset: Int64, length: Int64, observer: Request.Body.Observer? = nil)

  var length: Int64 {
    switch self {
    case .bytes(let bytes): Int64(bytes.count)
    case .file(_, _, let length, _): length
    }
  }

  var body: Request.Body {
    switch self {
    case .bytes(let bytes): .bytes(bytes)
    case .file(let descriptor, let offset, let length, let observer):
      .file(descriptor: descriptor, offset: offset, length: length, observer: observer)
    }
  }

  /// What is sent along so that the service can refuse bytes that changed on the way.
  struct Digests: Sendable {
    let crc32: UInt32
    /// Hexadecimal, or `UNSIGNED-PAYLOAD` where the connection itself is protected.
    let payloadHash: String
  }

  /// Reads all bytes once; on another thread where there are many, so that other transfers continue.
  ///
  /// - Parameter isSecure: the connection is TLS, so the signature need not cover the body.
  @Loop func digests(isSecure: Bool) async throws(HTTPError) -> Digests {
    if length <= Self.quickLength { return try computeDigests(isSecure: isSecure) }
    return try await Loop.blocking {
      Result { () throws(HTTPError) in try computeDigests(isSecure: isSecure) }
    }.get()
  }

  /// Bytes that are read and hashed in less time than two changes of threads take to matter.
  private static let quickLength: Int64 = 256 << 10

  private func computeDigests(isSecure: Bool) throws(HTTPError) -> Digests {
    var crc: UInt32 = 0
    var hash = SHA256()
    func take(_ bytes: RawSpan) {
      crc = S3.crc32.update(crc, bytes)
      if !isSecure { unsafe bytes.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) } }
    }
    switch self {
    case .bytes(let bytes): unsafe take(bytes.span.bytes)
    case .file(let descriptor, let offset, let length, _):
      try readFile(descriptor, offset: offset, length: length, take)
    }
    return Digests(crc32: crc, payloadHash: isSecure ? ServiceRequest.unsignedPayload : hexadecimal(hash.finalize()))
  }
}

/// Hands over `length` bytes of a file in pieces of at most 256 KiB; throws `source` where there are fewer.
package func readFile(
  _ descriptor: CInt, offset: Int64, length: Int64, _ take: (RawSpan) -> Void
) throws(HTTPError) {
  var buffer = [UInt8](repeating: 0, count: Int(min(max(length, 1), 256 << 10)))
  var done: Int64 = 0
  while done < length {
    let wanted = Int(min(Int64(buffer.count), length - done))
    let count = try mapError {
      HTTPError.source(errno: $0.code)
    } of: { () throws(Errno) in
      try POSIX.read(descriptor, into: &buffer, 0..<wanted, at: offset + done)
    }
    guard count > 0 else { throw .source(errno: ENODATA) }
    unsafe take(buffer.span.extracting(0..<count).bytes)
    done += Int64(count)
  }
}
