// The items of a tar archive: what both image tools read in the same way.

import ASCII

/// Gives an archive's members one after the other; error records are checked, members that are not items are skipped.
///
/// Skipped are directories, AppleDouble files (`._*`, which macOS's tar writes for a file's attributes), extended headers,
/// and members with one of the given suffixes: `isSkipped` says which names those are. Functions throw what `TarReader`
/// throws.
package struct ArchiveItems {
  package enum Item: Equatable, Sendable {
    /// A file; its body may be taken with `readBody()` before the next item.
    case file(TarEntry)
    /// The record of a failure further up, checked.
    case record(ErrorRecord)
    /// A member named like a record whose contents are not one.
    case malformedRecord(ItemName)
    /// A link, a device, a sparse file.
    case notAFile(ItemName, description: String)
  }

  /// WebDataset's files that accompany an image in the same archive, by the end of their names.
  package static let sidecars = [".json", ".cls", ".txt", ".npy", ".pyd", ".xml", ".csv", ".md"]

  private var reader: TarReader
  private let skippedSuffixes: [String]

  /// - Parameter skippedSuffixes: lower case; members whose names end so, in either case, are skipped.
  package init(_ input: InputStream, skipping skippedSuffixes: [String] = []) {
    reader = TarReader(input)
    self.skippedSuffixes = skippedSuffixes
  }

  /// The next item, or nil after the end of the archive.
  package mutating func next() throws -> Item? {
    while let entry = try reader.next() {
      if Self.isAppleDouble(entry.name) { continue }
      switch entry.kind {
      case .directory: continue
      case .other(let description): return .notAFile(entry.name, description: description)
      case .file:
        if entry.name.removing(ErrorRecord.suffix) != nil { return try record(entry) }
        if !Self.isSkipped(entry.name, suffixes: skippedSuffixes) { return .file(entry) }
      }
    }
    return nil
  }

  /// Whether a file of this name is skipped, so that no item comes of it. Error records are read before this is asked.
  ///
  /// - Parameter suffixes: lower case, compared without regard to the case of ASCII letters.
  package static func isSkipped(_ name: ItemName, suffixes: [String]) -> Bool {
    // In an archive a name that ends so is a directory's.
    name.bytes.last == UInt8(ascii: "/") || isAppleDouble(name)
      || suffixes.contains { name.bytes.hasSuffixIgnoringASCIICase($0) }
  }

  /// The bytes of the file that `next` gave last.
  package mutating func readBody() throws -> [UInt8] { try reader.readBody() }

  private mutating func record(_ entry: TarEntry) throws -> Item {
    guard entry.size <= ErrorRecord.maximumSize else { return .malformedRecord(entry.name) }
    let body = try reader.readBody()
    guard let record = try? ErrorRecord(member: entry.name, body: body) else { return .malformedRecord(entry.name) }
    return .record(record)
  }

  private static func isAppleDouble(_ name: ItemName) -> Bool {
    let start = name.bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
    return name.bytes[start...].starts(with: "._".utf8)
  }
}
