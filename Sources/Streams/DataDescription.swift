// Human-readable names of data formats, recognized by their first bytes, for error messages about unexpected input.

import ASCII

/// Names what a file or stream holds.
package enum DataDescription {
  /// Names data that begins with these bytes, with its article: "a PNG image", "text", "unknown data (00 01 02 03)".
  ///
  /// - Parameter bytes: up to 512 of them; more are not needed.
  package static func of(_ bytes: [UInt8]) -> String {
    if let name = signatures.first(where: { bytes.starts(with: $0.prefix) })?.name { return name }
    if let name = container(bytes) ?? netpbm(bytes) ?? MarkupDescription.of(bytes) { return name }
    if TarHeader.begins(bytes) { return "a tar archive" }
    if bytes.count >= 8, bytes.allSatisfy({ $0 == 0 }) { return "zero bytes" }
    let shown = bytes.prefix(4).map { hexadecimal([$0]) }
    return "unknown data (\(shown.joined(separator: " ")))"
  }

  /// Formats whose name stands behind a length or an offset.
  private static func container(_ bytes: [UInt8]) -> String? {
    func has(_ word: String, at offset: Int) -> Bool { bytes.dropFirst(offset).starts(with: word.utf8) }
    if has("RIFF", at: 0) { return has("WEBP", at: 8) ? "a WebP image" : "a RIFF file" }
    // "BM", the file's size, two reserved fields of zero.
    if has("BM", at: 0), bytes.count >= 10, bytes[6..<10].allSatisfy({ $0 == 0 }) { return "a BMP image" }
    guard has("ftyp", at: 4), bytes.count >= 12 else { return nil }
    // The major brand and the compatible ones: ISO/IEC 14496-12, section 4.3.
    let size = bytes[..<4].reduce(0) { $0 << 8 | Int($1) }
    let brands = ([8] + stride(from: 16, to: max(16, min(size, bytes.count) - 3), by: 4)).map {
      String(decoding: bytes[$0..<$0 + 4], as: UTF8.self)
    }
    let known = [
      ("an AVIF image", ["avif", "avis"]), ("a HEIC image", ["heic", "heix", "heim", "heis", "hevc", "hevx"]),
      ("a HEIF image", ["mif1", "mif2", "msf1"]), ("a Canon CR3 image", ["crx "]),
    ]
    return known.first { !$0.1.filter(brands.contains).isEmpty }?.0 ?? "an ISO media file"
  }

  /// "P1" to "P7", "PF" or "Pf", and white space.
  private static func netpbm(_ bytes: [UInt8]) -> String? {
    guard bytes.count >= 3, bytes[0] == UInt8(ascii: "P"), [0x20, 0x09, 0x0A, 0x0D].contains(bytes[2]) else {
      return nil
    }
    switch bytes[1] {
    case UInt8(ascii: "1")...UInt8(ascii: "7"), UInt8(ascii: "F"), UInt8(ascii: "f"): return "a PNM image"
    default: return nil
    }
  }

  private static let signatures: [(prefix: [UInt8], name: String)] = [
    ([0xFF, 0xD8], "a JPEG image"),
    ([0x93] + Array("NUMPY".utf8), "a NumPy array"),
    ([0x89, 0x50, 0x4E, 0x47], "a PNG image"),
    (Array("GIF8".utf8), "a GIF image"),
    ([0x49, 0x49, 0x2A, 0x00], "a TIFF image"),
    ([0x4D, 0x4D, 0x00, 0x2A], "a TIFF image"),
    ([0x49, 0x49, 0x2B, 0x00], "a BigTIFF image"),
    ([0x4D, 0x4D, 0x00, 0x2B], "a BigTIFF image"),
    ([0x00, 0x00, 0x00, 0x0C, 0x6A, 0x50], "a JPEG 2000 image"),
    ([0xFF, 0x4F, 0xFF, 0x51], "a JPEG 2000 codestream"),
    ([0xFF, 0x0A], "a JPEG XL image"),
    ([0x00, 0x00, 0x00, 0x0C, 0x4A, 0x58], "a JPEG XL image"),
    (Array("8BPS".utf8), "a Photoshop image"),
    ([0x00, 0x00, 0x01, 0x00], "an icon (ICO)"),
    (Array("%PDF".utf8), "a PDF document"),
    (Array("%!PS".utf8), "a PostScript document"),
    ([0x1F, 0x8B], "gzip data (decompress it first: gunzip |)"),
    ([0x28, 0xB5, 0x2F, 0xFD], "Zstandard data (decompress it first: unzstd |)"),
    (Array("BZh".utf8), "bzip2 data (decompress it first: bunzip2 |)"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "xz data (decompress it first: unxz |)"),
    (Array("PK".utf8), "a zip archive"),
    (Array("Rar!".utf8), "a RAR archive"),
    ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "a 7z archive"),
    ([0x7F, 0x45, 0x4C, 0x46], "an ELF program"),
  ]
}
