import Streams

/// The members of a tar of tensors.
struct TensorItems {
  enum Item {
    case tensor(ItemName, InputTensor)
    /// A failure from earlier in the pipe, or one found here.
    case failed(ErrorRecord)
  }

  private var reader: TarReader

  init(_ input: InputStream) { reader = TarReader(input) }

  /// The next tensor or failure; directories are passed over. Throws what `TarReader` throws.
  mutating func next() throws -> Item? {
    while let entry = try reader.next() {
      switch entry.kind {
      case .directory: continue
      case .other(let description):
        return .failed(InputError.notFile(description).record(for: entry.name.removing(".npy") ?? entry.name))
      case .file: return try file(entry)
      }
    }
    return nil
  }

  private mutating func file(_ entry: TarEntry) throws -> Item {
    if entry.name.removing(ErrorRecord.suffix) != nil {
      guard entry.size <= ErrorRecord.maximumSize else { return .failed(InputError.badRecord.record(for: entry.name)) }
      let body = try reader.readBody()
      do throws(ErrorRecord.Malformed) {
        return .failed(try ErrorRecord(member: entry.name, body: body))
      } catch { return .failed(InputError.badRecord.record(for: entry.name)) }
    }
    guard let name = entry.name.removing(".npy") else { return .failed(InputError.notNpy.record(for: entry.name)) }
    guard entry.size <= InputTensor.maximumBytes else {
      return .failed(InputError.tooLarge(limit: InputTensor.maximumBytes).record(for: name))
    }
    let body = try reader.readBody()
    do throws(InputError) { return .tensor(name, try InputTensor(body)) } catch {
      return .failed(error.record(for: name))
    }
  }
}
