// The pipeline's result for one item: a line of JSON, accepted only if it is complete, well formed and about that item.

/// The line that came for an image.
enum PipelineAnswer: Equatable {
  /// The prediction object without its `image`, whose name is ours, and its `inferenceMs`, which is for the log.
  case prediction([UInt8], inferenceMilliseconds: Double?)
  /// The item's error record.
  case refused(code: String, message: String)

  /// Why a line is not a valid answer; the pipeline that wrote it is replaced before the next event.
  enum Malformed: Error, Equatable {
    case notOneLine
    case notJSON
    case aboutAnother
    case neitherPredictionNorError
  }

  /// - Parameters:
  ///   - output: everything that the pipeline wrote since the item was sent.
  ///   - name: the item's.
  init(_ output: [UInt8], name: String) throws(Malformed) {
    guard output.firstIndex(of: UInt8(ascii: "\n")) == output.count - 1 else { throw .notOneLine }
    guard let document = try? JSONDocument(output) else { throw .notJSON }
    guard let image = document.string(document.root["image"]), image.utf8.elementsEqual(name.utf8) else {
      throw .aboutAnother
    }
    if let error = document.root["error"] {
      guard let code = document.string(error["code"]), let message = document.string(error["message"]) else {
        throw .neitherPredictionNorError
      }
      self = .refused(code: code, message: message)
      return
    }
    guard case .array? = document.root["predictions"] else { throw .neitherPredictionNorError }
    var object: [UInt8] = []
    for member in document.root.members
    where !member.key.elementsEqual("image".utf8) && !member.key.elementsEqual("inferenceMs".utf8) {
      object.append(UInt8(ascii: object.isEmpty ? "{" : ","))
      object += document.raw(member.keyText)
      object.append(UInt8(ascii: ":"))
      object += document.raw(member.value)
    }
    let inference = document.root["inferenceMs"].flatMap { Double(String(decoding: document.raw($0), as: UTF8.self)) }
    self = .prediction(object + [UInt8(ascii: "}")], inferenceMilliseconds: inference)
  }
}
