// A model's files, mapped.

import ONNX
import Streams

/// A mapped file of a model.
final class ModelFile: ModelBytes {
  private let file: MappedFile

  init(path: String) throws(SystemError) { file = try MappedFile(path: path) }

  var bytes: UnsafeRawBufferPointer { unsafe file.bytes }

  func discard(_ range: Range<Int>) { file.release(range) }

  /// Opens external data next to the model at `modelPath`, by the path inside that folder that the model names. A link is followed:
  /// caches keep the files elsewhere and link to them.
  static func opener(besides modelPath: String) -> (String) throws -> any ModelBytes {
    { relative in try ModelFile(path: folder(of: modelPath) + "/" + relative) }
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
