// The formats of class labels: lines, JSON arrays and objects, Hugging Face's and Keras's files,
// Ultralytics' metadata.

extension Labels {
  /// The labels in `bytes`, in order of the classes; nil where no form fits.
  ///
  /// - JSON array: `["cat", "dog"]`
  /// - JSON object of indices: `{"0": "cat"}`, or `{"0": ["n02123045", "tabby"]}` (Keras's `imagenet_class_index.json`)
  /// - `config.json` of Hugging Face (`id2label`) or timm (`label_names`, `label_descriptions`)
  /// - a Python dictionary in source form (Ultralytics' `names`)
  /// - lines: `cat`, `n02123045 tabby, tabby cat`, or with the index in front of every line: `0 cat`, `0: cat`, `0,cat`
  static func parse(_ bytes: some Collection<UInt8>) -> [Label]? {
    let bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : Array(bytes)
    let text = String(decoding: bytes, as: UTF8.self)
    switch text.first(where: { !$0.isWhitespace }) {
    case "[": return JSONValue(parsing: bytes).flatMap(labels)
    case "{": return JSONValue(parsing: bytes).flatMap(labels) ?? pythonDictionary(text)?.map(Label.init(line:))
    default: return lines(text)
    }
  }

  static func parse(_ text: String) -> [Label]? { parse(text.utf8) }

  /// The labels that a JSON document states, if it is one of the known forms.
  static func labels(_ document: JSONValue) -> [Label]? {
    switch document {
    case .array(let values):
      let labels = values.compactMap(label)
      return labels.count == values.count && !labels.isEmpty ? labels : nil
    case .object(let members):
      if let names = members["id2label"] { return names.object.flatMap(indexed) }
      if let names = members["label_names"]?.array {
        return described(names, by: members["label_descriptions"]?.object)
      }
      return indexed(members)
    default: return nil
    }
  }

  /// `"cat"`, `["n02123045", "tabby"]`
  private static func label(_ value: JSONValue) -> Label? {
    if let text = value.string { return Label(line: text) }
    guard let pair = value.array, pair.count == 2, let id = pair[0].string, let text = pair[1].string else {
      return nil
    }
    return Label(id: id, text: text)
  }

  private static func indexed(_ members: [String: JSONValue]) -> [Label]? {
    var labels: [Int: Label] = [:]
    for (key, value) in members {
      guard let index = Int(key), let label = label(value) else { return nil }
      labels[index] = label
    }
    return inOrder(labels)
  }

  /// timm: names that may be WordNet ids, and what each means.
  private static func described(_ names: [JSONValue], by descriptions: [String: JSONValue]?) -> [Label]? {
    let labels = names.compactMap { name in
      name.string.map { name in
        if let text = descriptions?[name]?.string { Label(id: name, text: text) } else { Label(line: name) }
      }
    }
    return labels.count == names.count && !labels.isEmpty ? labels : nil
  }

  private static func lines(_ text: String) -> [Label]? {
    // Carriage return and line feed are one character to Swift; both that and a line feed alone end a line.
    var lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.map(String.init)
    while lines.last?.isEmpty ?? false { lines.removeLast() }
    guard !lines.isEmpty else { return nil }
    return (withoutIndices(lines) ?? lines).map(Label.init(line:))
  }

  /// The lines without the index in front, if every line has its own.
  private static func withoutIndices(_ lines: [String]) -> [String]? {
    var texts: [String] = []
    for (index, line) in lines.enumerated() {
      let prefix = String(index)
      guard line.hasPrefix(prefix), let separator = line.dropFirst(prefix.count).first, " \t:,".contains(separator)
      else { return nil }
      texts.append(String(line.dropFirst(prefix.count + 1).drop { $0 == " " || $0 == "\t" }))
    }
    return texts
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
