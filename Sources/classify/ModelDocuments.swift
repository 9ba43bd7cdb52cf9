// The JSON documents next to a model that say how to use it.

import Glibc
import Streams

/// `MODEL.json` next to `MODEL.onnx` (this project's keys, or either of the other two kinds), `preprocessor_config.json`
/// (Hugging Face) and `config.json` (Hugging Face, timm) in its folder or, where that is `onnx`, in the folder above.
struct ModelDocuments {
  fileprivate struct Document {
    let path: String
    let members: [String: JSONValue]
  }

  /// Most important first.
  private let documents: [Document]

  /// Throws `ConfigurationError` where one exists but is unreadable or not a JSON object.
  init(besides model: String) throws {
    let stem = model.hasSuffix(".onnx") ? String(model.dropLast(5)) : model
    let folder = model.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(model[...$0]) } ?? ""
    let folders = folder == "onnx/" || folder.hasSuffix("/onnx/") ? [folder, folder + "../"] : [folder]
    let names = ["preprocessor_config.json", "config.json"]
    let paths = [stem + ".json"] + names.flatMap { name in folders.map { $0 + name } }
    var documents: [Document] = []
    for path in paths where !documents.contains(where: { $0.path == path }) {
      if let members = try Self.read(path) { documents.append(Document(path: path, members: members)) }
    }
    self.documents = documents
  }

  private static func read(_ path: String) throws -> [String: JSONValue]? {
    let bytes: [UInt8]
    do throws(SystemError) { bytes = try MappedFile.contents(path: path) } catch {
      if error.code == ENOENT { return nil }
      throw ConfigurationError.unreadable(error)
    }
    guard let members = JSONValue(parsing: bytes)?.object else { throw ConfigurationError.notObject(path) }
    return members
  }

  /// What each document states about preprocessing. Throws `ConfigurationError.contract` or `.unknownKey`.
  func preprocessing() throws -> [(name: String, Preprocessing)] {
    try documents.compactMap { document in
      switch document.kind {
      case .own:
        (document.path, try Preprocessing(metadata: document.texts, from: document.path))
      case .huggingFace:
        (document.path, try Preprocessing(huggingFace: document.members, from: document.path))
      case .timm(let configuration):
        (document.path, try Preprocessing(timm: configuration, from: document.path))
      case .modelConfiguration: nil
      }
    }
  }

  /// The first labels that a document states, and its path. Throws `ConfigurationError.notLabels`.
  var labels: ([Labels.Label], String)? {
    get throws {
      for document in documents {
        guard let stated = document.statedLabels else { continue }
        guard let labels = Labels.labels(stated) else { throw ConfigurationError.notLabels(document.path) }
        return (labels, document.path)
      }
      return nil
    }
  }

  /// What `output.activation` of `MODEL.json` says.
  var activation: (text: String, source: String)? {
    documents.lazy.compactMap { document in
      document.members[OutputActivation.key]?.string.map { ($0, document.path) }
    }.first
  }
}

extension ModelDocuments.Document {
  enum Kind {
    case own
    case huggingFace
    case timm([String: JSONValue])
    /// Hugging Face's `config.json`: labels, nothing about preprocessing.
    case modelConfiguration
  }

  var kind: Kind {
    if let configuration = members["pretrained_cfg"]?.object { return .timm(configuration) }
    let isHuggingFace = ["image_processor_type", "feature_extractor_type", "image_mean", "do_resize", "do_normalize"]
      .contains { members[$0] != nil }
    if isHuggingFace { return .huggingFace }
    return path.hasSuffix("/config.json") || path == "config.json" ? .modelConfiguration : .own
  }

  /// The document or the part of it that holds labels.
  var statedLabels: JSONValue? {
    if let labels = members["labels"] {
      if let text = labels.string { return JSONValue(parsing: Array(text.utf8)) ?? labels }
      return labels
    }
    if members["id2label"] != nil || members["label_names"] != nil { return .object(members) }
    if let configuration = members["pretrained_cfg"]?.object, configuration["label_names"]?.array != nil {
      return .object(configuration)
    }
    return nil
  }

  /// The members as metadata would state them: a text as it is, numbers and arrays in brackets.
  var texts: [String: String] {
    members.filter { $0.key != "labels" }.mapValues { value in
      if let text = value.string { return text }
      if let number = value.number { return "\(number)" }
      return value.floats.map { "[" + $0.map { "\($0)" }.joined(separator: ",") + "]" } ?? ""
    }
  }
}
