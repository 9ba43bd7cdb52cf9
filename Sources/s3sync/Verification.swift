// What a transfer's bytes were checked against, as --json and --verbose report it.

import S3

/// The strongest check that a transfer has passed.
enum Verification: Equatable, Sendable {
  /// A checksum of the whole object that the service stores or has compared: `crc64nvme`, `crc32`, `sha256` …
  case checksum(String)
  /// An entity tag that is the MD5 of the object.
  case md5Tag
  /// An entity tag that is the MD5 of the MD5s of the parts.
  case multipartTag
  /// Nothing but the number of bytes, and which bytes of the object they are.
  case lengthAndRanges

  /// What a comparison with this checksum verifies.
  init(_ checksum: Checksum) {
    self =
      switch checksum {
      case .crc64nvme: .checksum("crc64nvme")
      case .crc32: .checksum("crc32")
      case .crc32c: .checksum("crc32c")
      case .sha256: .checksum("sha256")
      case .sha1: .checksum("sha1")
      case .md5: .md5Tag
      }
  }

  /// How an upload is verified by the service's response.
  init(_ stored: StoredObject) { self = stored.isChecksumConfirmed ? .checksum("crc32") : .lengthAndRanges }

  /// The same, where the bytes are in memory: a service that does not return the checksum returns an entity tag, which
  /// may be their MD5.
  init(_ stored: StoredObject, _ bytes: [UInt8]) {
    self.init(stored)
    guard self == .lengthAndRanges, let md5 = stored.etag.flatMap(md5(ofEntityTag:)) else { return }
    var verifier = ChecksumVerifier(.md5(md5))
    unsafe verifier.update(bytes.span.bytes)
    if verifier.matches { self = .md5Tag }
  }

  /// Whether the bytes themselves were compared.
  var isVerified: Bool { self != .lengthAndRanges }

  /// The word in --json.
  var name: String {
    switch self {
    case .checksum(let algorithm): "checksum-\(algorithm)"
    case .md5Tag: "md5-etag"
    case .multipartTag: "multipart-etag"
    case .lengthAndRanges: "length-and-ranges"
    }
  }

  /// The sentence in --verbose.
  var sentence: String {
    switch self {
    case .checksum(let algorithm): "verified by its \(algorithm) checksum"
    case .md5Tag: "verified by its entity tag, an MD5"
    case .multipartTag: "verified by its entity tag, an MD5 of the parts' MD5s"
    case .lengthAndRanges: "not verified: length and ranges only"
    }
  }
}
