// A method and a path that lead to the pipeline.

struct Route: Equatable, Sendable {
  let method: String
  let path: String

  init(method: String, path: String) {
    self.method = method
    self.path = path
  }

  /// Reads `POST /predict`; nil where it is not a method and an absolute path.
  init?(_ text: String) {
    let words = text.split(separator: " ")
    guard words.count == 2, words[0].utf8.allSatisfy({ (0x41...0x5A).contains($0) }), words[1].hasPrefix("/") else {
      return nil
    }
    (method, path) = (String(words[0]), String(words[1]))
  }
}
