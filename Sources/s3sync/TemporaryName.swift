// Names of unfinished downloads: `.s3sync-KEY-RANDOM.part`, and `.record` for what is known of them.

import ASCII
import S3

/// The name of a temporary file: 16 hexadecimal digits that identify the final file, 16 random ones.
struct TemporaryName: Hashable, Sendable {
  /// Hexadecimal hash of the final file's name from the target on.
  let owner: String
  let random: String

  private static let prefix = ".s3sync-"
  private static let partSuffix = ".part"
  private static let recordSuffix = ".record"

  /// A name that no file has yet, most likely.
  static func random(for key: Key) -> TemporaryName {
    TemporaryName(owner: owner(of: key), random: hexadecimal(UInt64.random(in: .min ... .max)))
  }

  /// What the names of a file's unfinished downloads have in common.
  static func owner(of key: Key) -> String { hexadecimal(stableHash(key.bytes)) }

  private init(owner: String, random: String) {
    self.owner = owner
    self.random = random
  }

  /// Reads the name of a temporary file or of a record; nil for any other.
  init?(_ name: some Sequence<UInt8>) {
    let name = Array(name)
    let suffix = name.suffix(5).elementsEqual(Self.partSuffix.utf8) ? Self.partSuffix : Self.recordSuffix
    let digits = Array(name.dropFirst(Self.prefix.utf8.count).dropLast(suffix.utf8.count))
    guard name.starts(with: Self.prefix.utf8), name.reversed().starts(with: suffix.utf8.reversed()), digits.count == 33,
      digits[16] == UInt8(ascii: "-"), (digits[..<16] + digits[17...]).allSatisfy(isHexadecimalDigit)
    else { return nil }
    owner = String(decoding: digits[..<16], as: UTF8.self)
    random = String(decoding: digits[17...], as: UTF8.self)
  }

  var part: String { "\(Self.prefix)\(owner)-\(random)\(Self.partSuffix)" }
  var record: String { "\(Self.prefix)\(owner)-\(random)\(Self.recordSuffix)" }
}

private func isHexadecimalDigit(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
}

/// Sixteen small digits.
private func hexadecimal(_ value: UInt64) -> String {
  zeroPadded(String(value, radix: 16), to: 16)
}
