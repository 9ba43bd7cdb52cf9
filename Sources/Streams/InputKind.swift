// What a stream holds, recognized by its first bytes.

/// What came on a tool's standard input.
package enum InputKind: Equatable, Sendable {
  case jpeg
  case npy
  case tar
  case empty
  /// Something else; the description is for messages.
  case other(description: String)

  /// Looks at the first bytes without taking them; waits for no more of them than it needs.
  ///
  /// - Throws: what `InputStream.peek` throws.
  package static func sniff(_ input: InputStream) throws -> InputKind {
    if try input.peek(2).elementsEqual([0xFF, 0xD8]) { return .jpeg }
    if try input.peek(6).elementsEqual([0x93] + Array("NUMPY".utf8)) { return .npy }
    let block = Array(try input.peek(512))
    if block.isEmpty { return .empty }
    // Whether a block of zeros is an empty archive shows at its end: `TarReader` decides.
    if TarHeader.begins(block) || block.count == 512 && block.allSatisfy({ $0 == 0 }) { return .tar }
    return .other(description: DataDescription.of(block))
  }
}
