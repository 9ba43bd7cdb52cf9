// The names of the classes, and where they are stated.

import POSIX
import Streams

/// The labels of a model's classes.
struct Labels {
  struct Label: Equatable {
    /// A WordNet id, where the labels have them: `n02123045`.
    let id: String?
    let text: String
  }

  private let labels: [Label]
  /// Where they were found, for people; nil where nothing states them.
  let source: String?

  /// From the first that states them: the flag's file, `CLASSIFY_LABELS`'s, the model's metadata, the documents next to
  /// it. Empty where none does. Throws `ConfigurationError` where they are unreadable.
  init(_ flags: ModelFlags, metadata: [String: String], documents: ModelDocuments) throws {
    if let path = flags.labels ?? environment("CLASSIFY_LABELS") {
      (labels, source) = (try Self.read(path), path)
    } else if let (key, text) = ["labels", "id2label", "names"].lazy.compactMap({ key in
      metadata[key].map { (key, $0) }
    }).first {
      source = "model metadata, \(key)"
      guard let stated = Self.parse(text) else { throw ConfigurationError.notLabels("model metadata, \(key)") }
      labels = stated
    } else if let (stated, path) = try documents.labels {
      (labels, source) = (stated, path)
    } else {
      (labels, source) = ([], nil)
    }
  }

  var count: Int { labels.count }

  /// Throws `ConfigurationError.labels` where there are labels, but not one per class.
  func check(classes: Int) throws {
    guard let source, labels.count != classes else { return }
    throw ConfigurationError.labels(source: source, count: labels.count, classes: classes)
  }

  /// `class 281` where nothing states labels.
  subscript(index: Int) -> Label {
    index < labels.count ? labels[index] : Label(id: nil, text: "class \(index)")
  }

  private static func read(_ path: String) throws -> [Label] {
    let bytes = try mapError(ConfigurationError.unreadable) { () throws(SystemError) in
      try MappedFile.contents(path: path)
    }
    guard let labels = parse(bytes) else { throw ConfigurationError.notLabels(path) }
    return labels
  }
}
