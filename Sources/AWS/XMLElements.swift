// Reading a document element by element, over the events of `XMLReader`.

extension XMLReader {
  /// The text of the element that has just started, up to and with its end.
  package mutating func text() throws(XMLError) -> [UInt8] {
    var result = [UInt8]()
    while true {
      switch try next() {
      case .text(let piece): result += piece
      case .end: return result
      case .start(let name): throw .unexpectedElement(name)
      case .endOfDocument: throw .truncated
      }
    }
  }

  /// The texts of the children of the element that has just started, by their names, up to and with its end.
  package mutating func texts() throws(XMLError) -> [String: String] {
    var result = [String: String]()
    while let name = try nextChild() { result[name] = String(decoding: try text(), as: UTF8.self) }
    return result
  }

  /// Passes over the rest of the element that has just started.
  package mutating func skipElement() throws(XMLError) {
    var depth = 1
    while depth > 0 {
      switch try next() {
      case .start: depth += 1
      case .end: depth -= 1
      case .text: break
      case .endOfDocument: throw .truncated
      }
    }
  }

  /// The name of the next child of the element that is open, or nil at its end.
  package mutating func nextChild() throws(XMLError) -> String? {
    while true {
      switch try next() {
      case .start(let name): return name
      case .end: return nil
      case .text: break
      case .endOfDocument: throw .truncated
      }
    }
  }
}
