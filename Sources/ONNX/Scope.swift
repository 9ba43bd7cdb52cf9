// Name resolution for function bodies and If branches.

/// The names inside a function's body or a branch, and their model-wide names.
final class Scope {
  /// nil for the model's own graph and for a function's body, which sees nothing outside.
  private let parent: Scope?
  /// Before the name of every value that is defined here.
  private let prefix: String
  /// Values that are not called `prefix` + their name: a function's inputs and the results of a call.
  private var names: [String: String] = [:]
  private var defined: Set<String> = []
  /// Of the standard domain.
  let opset: Int
  /// What the nodes of a function's body may refer to.
  let attributes: [String: AttributeMessage]

  /// The scope of the model's own graph.
  init(opset: Int) {
    (parent, prefix, attributes) = (nil, "", [:])
    self.opset = opset
  }

  /// The scope of one call of a function.
  init(prefix: String, opset: Int, attributes: [String: AttributeMessage]) {
    parent = nil
    self.prefix = prefix
    self.opset = opset
    self.attributes = attributes
  }

  /// The scope of a branch inside `parent`.
  init(inside parent: Scope, prefix: String) {
    self.parent = parent
    self.prefix = prefix
    opset = parent.opset
    attributes = parent.attributes
  }

  func define(_ name: String) { defined.insert(name) }
  func define(_ name: String, as global: String) { names[name] = global }
  func isDefinedHere(_ name: String) -> Bool { names[name] != nil || defined.contains(name) }

  /// The model-wide name; an operand that is left out keeps its empty name.
  func global(_ name: String) -> String {
    if name.isEmpty { return "" }
    var scope = self
    while true {
      if let global = scope.names[name] { return global }
      if scope.defined.contains(name) { return scope.prefix + name }
      guard let parent = scope.parent else { return scope.prefix + name }
      scope = parent
    }
  }
}
