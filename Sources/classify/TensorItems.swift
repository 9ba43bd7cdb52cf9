// The tensors and failures in a tar archive.

import Streams

/// The members of a tar of tensors.
struct TensorItems {
  enum Item {
    case tensor(ItemName, InputTensor)
    /// A failure from earlier in the pipe, or one found here.
    case failed(ErrorRecord)
  }

  private var items: ArchiveItems

  init(_ input: InputStream) { items = ArchiveItems(input) }

  /// The next tensor or failure. Throws what `TarReader` throws.
  mutating func next() throws -> Item? {
    switch try items.next() {
    case nil: return nil
    case .record(let record): return .failed(record)
    case .malformedRecord(let name): return .failed(InputError.badRecord.record(for: name))
    case .notAFile(let name, let description):
      return .failed(InputError.notFile(description).record(for: name.removing(".npy") ?? name))
    case .file(let entry): return try file(entry)
    }
  }

  private mutating func file(_ entry: TarEntry) throws -> Item {
    guard let name = entry.name.removing(".npy") else { return .failed(InputError.notNpy.record(for: entry.name)) }
    guard entry.size <= InputTensor.maximumBytes else {
      return .failed(InputError.tooLarge(limit: InputTensor.maximumBytes).record(for: name))
    }
    let body = try items.readBody()
    do throws(InputError) { return .tensor(name, try InputTensor(body)) } catch {
      return .failed(error.record(for: name))
    }
  }
}
