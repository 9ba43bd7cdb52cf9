// The checksums that a service reports for an object, and checking bytes against them.

import ASCII
import AWS
import Crypto
import HTTP
package import HTTPFields

/// A digest of a whole object that its bytes can be compared with.
package enum Checksum: Equatable, Sendable {
  /// Base64, as in `x-amz-checksum-*`.
  case crc64nvme(String)
  case crc32(String)
  case crc32c(String)
  case sha256(String)
  case sha1(String)
  /// Lower-case hexadecimal digits: an entity tag that is an MD5.
  case md5(String)

  /// The checksum that an answer about a whole object carries; nil where it has none of the whole
  /// (the checksums of a multipart upload may be checksums of checksums, and end in `-N`).
  package init?(_ headers: HeaderFields) {
    func stored(_ name: String) -> String? {
      guard let value = headers["x-amz-checksum-\(name)"], !value.contains("-"),
        headers["x-amz-checksum-type"] != "COMPOSITE"
      else { return nil }
      return value
    }
    if let value = stored("crc64nvme") {
      self = .crc64nvme(value)
    } else if let value = stored("crc32") {
      self = .crc32(value)
    } else if let value = stored("crc32c") {
      self = .crc32c(value)
    } else if let value = stored("sha256") {
      self = .sha256(value)
    } else if let value = stored("sha1") {
      self = .sha1(value)
    } else {
      guard hasDigestTag(headers), let etag = headers["etag"], let md5 = S3.md5(ofEntityTag: unquoted(etag))
      else { return nil }
      self = .md5(md5)
    }
  }
}

/// Whether an entity tag can be a digest of the object's bytes: not under KMS or a customer's key.
func hasDigestTag(_ headers: HeaderFields) -> Bool {
  (headers["x-amz-server-side-encryption"] ?? "AES256") == "AES256"
    && headers["x-amz-server-side-encryption-customer-algorithm"] == nil
}

/// The MD5 that an entity tag is where it has 32 hexadecimal digits; a multipart upload's ends in `-N`.
package func md5(ofEntityTag etag: String) -> String? {
  let digits = etag.lowercased()
  return digits.utf8.count == 32 && bytes(hexadecimal: digits.utf8) != nil ? digits : nil
}

/// Computes the checksum of bytes that arrive in pieces and compares it.
package struct ChecksumVerifier {
  private enum State {
    case crc64(UInt64)
    case crc32(UInt32, CRC<UInt32>)
    case sha256(SHA256)
    case sha1(Insecure.SHA1)
    case md5(Insecure.MD5)
  }

  private let expected: Checksum
  private var state: State

  package init(_ expected: Checksum) {
    self.expected = expected
    state =
      switch expected {
      case .crc64nvme: .crc64(0)
      case .crc32: .crc32(0, S3.crc32)
      case .crc32c: .crc32(0, S3.crc32c)
      case .sha256: .sha256(SHA256())
      case .sha1: .sha1(Insecure.SHA1())
      case .md5: .md5(Insecure.MD5())
      }
  }

  package mutating func update(_ bytes: RawSpan) {
    switch state {
    case .crc64(let value): state = .crc64(S3.crc64nvme.update(value, bytes))
    case .crc32(let value, let crc): state = .crc32(crc.update(value, bytes), crc)
    case .sha256(var hash):
      unsafe bytes.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
      state = .sha256(hash)
    case .sha1(var hash):
      unsafe bytes.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
      state = .sha1(hash)
    case .md5(var hash):
      unsafe bytes.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
      state = .md5(hash)
    }
  }

  /// Whether all bytes together have the checksum.
  package var matches: Bool {
    switch (expected, state) {
    case (.crc64nvme(let value), .crc64(let crc)): value == base64(bigEndian: crc)
    case (.crc32(let value), .crc32(let crc, _)), (.crc32c(let value), .crc32(let crc, _)):
      value == base64(bigEndian: crc)
    case (.sha256(let value), .sha256(let hash)): value == base64(Array(hash.finalize()))
    case (.sha1(let value), .sha1(let hash)): value == base64(Array(hash.finalize()))
    case (.md5(let value), .md5(let hash)): value == hexadecimal(hash.finalize())
    default: false
    }
  }
}
