// What is wrong with a document.

/// Why a text is not the XML that was expected.
package enum XMLError: Error, Equatable, Sendable {
  case truncated
  case malformed(offset: Int)
  /// Document type declarations and entities of one's own are refused: no service sends them.
  case forbidden(offset: Int)
  case tooDeep
  case unexpectedElement(String)
}

extension XMLError {
  /// One sentence without a line end.
  package var sentence: String {
    switch self {
    case .truncated: "the XML ends early"
    case .malformed(let offset): "malformed XML at byte \(offset)"
    case .forbidden(let offset): "a document type or an entity of its own at byte \(offset)"
    case .tooDeep: "elements nested more than \(XMLReader.maximumDepth) deep"
    case .unexpectedElement(let name): "unexpected element \(name)"
    }
  }
}
