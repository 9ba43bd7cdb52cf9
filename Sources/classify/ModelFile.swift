import Glibc
import ONNX
import Streams

/// A mapped file of a model.
final class ModelFile: ModelBytes {
  private let file: MappedFile

  init(path: String) throws(SystemError) { file = try MappedFile(path: path) }

  var bytes: UnsafeRawBufferPointer { unsafe file.bytes }

  func discard(_ range: Range<Int>) { file.release(range) }

  /// Opens external data beside the model at `modelPath`; a link that leads out of the model's folder is refused.
  static func opener(besides modelPath: String) -> (String) throws -> any ModelBytes {
    { relative in
      guard let folder = resolved(folder(of: modelPath)) else {
        throw SystemError(operation: "open", object: modelPath)
      }
      guard let path = resolved(folder + "/" + relative) else {
        throw SystemError(operation: "open", object: relative)
      }
      guard path.hasPrefix(folder == "/" ? "/" : folder + "/") else {
        throw SystemError(code: EACCES, operation: "open", object: relative)
      }
      return try ModelFile(path: path)
    }
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func resolved(_ path: String) -> String? {
    guard let real = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }
}
