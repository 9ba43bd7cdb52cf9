// What a stream holds, told by its first bytes.

/// What came on a tool's standard input.
public enum InputKind: Equatable, Sendable {
  case jpeg
  case npy
  case tar
  case empty
  /// Something else, with a person's name for it.
  case other(description: String)

  /// Looks at the first bytes without taking them; waits for no more of them than it needs.
  ///
  /// - Throws: what `InputStream.peek` throws.
  public static func sniff(_ input: InputStream) throws -> InputKind {
    if try input.peek(2).elementsEqual([0xFF, 0xD8]) { return .jpeg }
    if try input.peek(6).elementsEqual([0x93] + Array("NUMPY".utf8)) { return .npy }
    let block = Array(try input.peek(512))
    if block.isEmpty { return .empty }
    if block.count >= 262, block[257..<262].elementsEqual("ustar".utf8) { return .tar }
    if block.count == 512, block.allSatisfy({ $0 == 0 }) { return .tar }
    return .other(description: describe(block))
  }

  /// A person's name for what begins with these bytes: "a PNG image", "11 bytes of text", "unknown data (00 01 02 03)".
  public static func describe(_ bytes: [UInt8]) -> String {
    func has(_ prefix: String, at offset: Int = 0) -> Bool {
      bytes.count >= offset + prefix.utf8.count && bytes.dropFirst(offset).starts(with: prefix.utf8)
    }
    for (prefix, name) in signatures where bytes.starts(with: prefix) { return name }
    if has("RIFF"), has("WEBP", at: 8) { return "a WebP image" }
    if has("ftyp", at: 4) {
      for (brand, name) in [("avif", "an AVIF image"), ("heic", "a HEIC image"), ("mif1", "a HEIF image")]
      where has(brand, at: 8) { return name }
      return "an ISO media file"
    }
    if !bytes.isEmpty, bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F || $0 == 9 || $0 == 10 || $0 == 13 }) {
      return "text"
    }
    let digits = Array("0123456789abcdef")
    let shown = bytes.prefix(4).map { "\(digits[Int($0 >> 4)])\(digits[Int($0 & 15)])" }
    return "unknown data (\(shown.joined(separator: " ")))"
  }

  private static let signatures: [(prefix: [UInt8], name: String)] = [
    ([0xFF, 0xD8], "a JPEG image"),
    ([0x93] + Array("NUMPY".utf8), "a NumPy array"),
    ([0x89, 0x50, 0x4E, 0x47], "a PNG image"),
    (Array("GIF8".utf8), "a GIF image"),
    (Array("BM".utf8), "a BMP image"),
    ([0x49, 0x49, 0x2A, 0x00], "a TIFF image"),
    ([0x4D, 0x4D, 0x00, 0x2A], "a TIFF image"),
    ([0x00, 0x00, 0x00, 0x0C, 0x6A, 0x50], "a JPEG 2000 image"),
    ([0xFF, 0x0A], "a JPEG XL image"),
    ([0x00, 0x00, 0x00, 0x0C, 0x4A, 0x58], "a JPEG XL image"),
    (Array("%PDF".utf8), "a PDF document"),
    ([0x1F, 0x8B], "gzip data"),
    ([0x28, 0xB5, 0x2F, 0xFD], "Zstandard data"),
    (Array("BZh".utf8), "bzip2 data"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "xz data"),
    (Array("PK".utf8), "a zip archive"),
    ([0x7F, 0x45, 0x4C, 0x46], "an ELF program"),
  ]
}
