// The class names that Ultralytics writes into a model's metadata: a Python dictionary in source form, {0: 'cat', 1: "dog"}.

/// Parses `{0: 'tench', 1: "jack-o'-lantern"}` to its texts in order; nil for anything else, or where a number from 0 on
/// is missing.
func pythonDictionary(_ text: String) -> [String]? {
  var parser = PythonDictionaryParser(text)
  return parser.parse()
}

private struct PythonDictionaryParser {
  private var rest: Substring.UnicodeScalarView

  init(_ text: String) { rest = text[...].unicodeScalars }

  mutating func parse() -> [String]? {
    guard take("{") else { return nil }
    var names: [Int: String] = [:]
    while !take("}") {
      guard let key = number(), take(":"), let name = string(), names.updateValue(name, forKey: key) == nil else {
        return nil
      }
      guard take(",") || peek() == "}" else { return nil }
    }
    guard peek() == nil else { return nil }
    return inOrder(names)
  }

  private mutating func peek() -> Unicode.Scalar? {
    while let first = rest.first, first == " " || first == "\n" || first == "\t" || first == "\r" { rest.removeFirst() }
    return rest.first
  }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard peek() == scalar else { return false }
    rest.removeFirst()
    return true
  }

  private mutating func number() -> Int? {
    var digits = ""
    while let first = peek(), ("0"..."9").contains(first) {
      digits.unicodeScalars.append(first)
      rest.removeFirst()
    }
    return Int(digits)
  }

  /// A quoted text; a backslash makes the next character plain.
  private mutating func string() -> String? {
    guard let quote = peek(), quote == "'" || quote == "\"" else { return nil }
    rest.removeFirst()
    var text = ""
    while let scalar = rest.popFirst() {
      if scalar == quote { return text }
      if scalar == "\\" {
        guard let escaped = rest.popFirst() else { return nil }
        text.unicodeScalars.append(escaped)
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return nil
  }
}

/// The values of keys 0…n−1 in order; nil where one is missing.
func inOrder<Value>(_ values: [Int: Value]) -> [Value]? {
  guard !values.isEmpty else { return nil }
  let ordered = (0..<values.count).compactMap { values[$0] }
  return ordered.count == values.count ? ordered : nil
}
