import Streams

/// What each class is called.
struct Labels {
  struct Label: Equatable {
    /// A WordNet id, where the labels have them: `n02123045`.
    let id: String?
    let text: String
  }

  private let labels: [Label]

  /// From the first that there is: the flag's file, `CLASSIFY_LABELS`'s, the model's metadata, the JSON file beside it;
  /// else `class 281`. Throws `ConfigurationError` where they are unreadable or not as many as classes.
  init(_ flags: ModelFlags, metadata: [String: String], sidecar: Sidecar?, classes: Int) throws {
    let lines: [String]
    let source: String
    if let path = flags.labels ?? environment("CLASSIFY_LABELS") {
      (lines, source) = (try Self.read(path), path)
    } else if let text = metadata["labels"] ?? sidecar?.values["labels"] {
      source = "model labels"
      guard let parsed = Self.parse(text) else { throw ConfigurationError.notLabels(source) }
      lines = parsed
    } else {
      labels = (0..<classes).map { Label(id: nil, text: "class \($0)") }
      return
    }
    guard lines.count == classes else {
      throw ConfigurationError.labels(source: source, count: lines.count, classes: classes)
    }
    labels = lines.map(Label.init(line:))
  }

  subscript(index: Int) -> Label { labels[index] }

  private static func read(_ path: String) throws -> [String] {
    let text: String
    do throws(SystemError) {
      let file = try MappedFile(path: path)
      text = unsafe String(decoding: file.bytes, as: UTF8.self)
    } catch { throw ConfigurationError.unreadable(error) }
    guard let lines = parse(text) else { throw ConfigurationError.notLabels(path) }
    return lines
  }

  /// A JSON array, or one label a line.
  static func parse(_ text: String) -> [String]? {
    if text.first(where: { !$0.isWhitespace }) == "[" { return jsonTexts(text) }
    // Carriage return and line feed are one character to Swift; both that and a line feed alone end a line.
    var lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.map(String.init)
    while lines.last?.isEmpty ?? false { lines.removeLast() }
    return lines.isEmpty ? nil : lines
  }
}

extension Labels.Label {
  /// `n02123045 tabby, tabby cat` or any other text.
  init(line: String) {
    let bytes = Array(line.utf8)
    if bytes.count > 10, bytes[0] == UInt8(ascii: "n"), bytes[9] == UInt8(ascii: " "),
      bytes[1..<9].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    {
      self.init(id: String(decoding: bytes[..<9], as: UTF8.self), text: String(decoding: bytes[10...], as: UTF8.self))
    } else {
      self.init(id: nil, text: line)
    }
  }
}
