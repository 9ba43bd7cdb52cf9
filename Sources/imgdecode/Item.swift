// The items of the input: named images and failures.

import Streams

/// One item of the input, whole.
enum Item: Equatable, Sendable {
  /// A file's or member's bytes; whether they are a JPEG is not known yet.
  case image(ItemName, [UInt8])
  case failed(ItemName, DecodeError)
  /// A file argument that could not be read, which also makes the exit status that of the error.
  case unreadableArgument(ItemName, DecodeError)
  /// The record of a failure further up, checked.
  case record(ErrorRecord)
}

/// Gives items in order.
protocol ItemSource {
  /// The next item, or nil at the end. Waits only for bytes of that item.
  ///
  /// - Throws: what makes the rest of the input unreadable.
  mutating func next() throws -> Item?
}

/// The members of a tar archive; those that accompany images in WebDataset are skipped.
struct TarItems: ItemSource {
  private var items: ArchiveItems
  private let maximumBytes: Int

  /// - Parameter maximumBytes: a larger member is an error and is not read.
  init(_ input: InputStream, maximumBytes: Int) {
    items = ArchiveItems(input, skipping: ArchiveItems.sidecars)
    self.maximumBytes = maximumBytes
  }

  mutating func next() throws -> Item? {
    switch try items.next() {
    case nil: return nil
    case .record(let record): return .record(record)
    case .malformedRecord(let name): return .failed(name, .reservedName)
    case .notAFile(let name, let description):
      try check(name)
      return .failed(name, .notAFile(description: description))
    case .file(let entry):
      try check(entry.name)
      guard entry.size <= maximumBytes else { return .failed(entry.name, .tooManyBytes(limit: maximumBytes)) }
      return .image(entry.name, try items.readBody())
    }
  }

  /// The result's name is longer, and must be one that the next tool can read.
  private func check(_ name: ItemName) throws(TarError) {
    guard name.bytes.count <= ItemName.maximumLength - ErrorRecord.suffix.utf8.count else {
      throw .nameTooLong(bytes: name.bytes.count)
    }
  }
}
