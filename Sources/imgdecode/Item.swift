// What comes in: images with names, and what came in the place of an image.

import Streams

/// One item of the input, whole.
enum Item: Equatable, Sendable {
  /// A file's or member's bytes; whether they are a JPEG is not known yet.
  case image(ItemName, [UInt8])
  case failed(ItemName, DecodeError)
  /// The record of a failure further up, checked.
  case record(ErrorRecord)
}

/// Something that gives items in order.
protocol ItemSource {
  /// The next item, or nil at the end. Waits only for bytes of that item.
  ///
  /// - Throws: what makes the rest of the input unreadable.
  mutating func next() throws -> Item?
}

/// The members of a tar archive.
struct TarItems: ItemSource {
  private var reader: TarReader
  private let maximumBytes: Int

  /// - Parameter maximumBytes: a member that claims more is an error, unread.
  init(_ input: InputStream, maximumBytes: Int) {
    reader = TarReader(input)
    self.maximumBytes = maximumBytes
  }

  mutating func next() throws -> Item? {
    while let entry = try reader.next() {
      // The answer's name is longer, and must be one that the next tool can read.
      let longest = ItemName.maximumLength - ErrorRecord.suffix.utf8.count
      let isRecord = entry.name.removing(ErrorRecord.suffix) != nil
      guard isRecord || entry.name.bytes.count <= longest else {
        throw TarError.nameTooLong(bytes: entry.name.bytes.count)
      }
      switch entry.kind {
      case .directory: continue
      case .other(let description): return .failed(entry.name, .notAFile(description: description))
      case .file:
        if isRecord { return try record(entry) }
        guard entry.size <= maximumBytes else { return .failed(entry.name, .tooManyBytes(limit: maximumBytes)) }
        return .image(entry.name, try reader.readBody())
      }
    }
    return nil
  }

  private mutating func record(_ entry: TarEntry) throws -> Item {
    guard entry.size <= ErrorRecord.maximumSize else { return .failed(entry.name, .reservedName) }
    let body = try reader.readBody()
    do throws(ErrorRecord.Malformed) {
      return .record(try ErrorRecord(member: entry.name, body: body))
    } catch {
      return .failed(entry.name, .reservedName)
    }
  }
}
