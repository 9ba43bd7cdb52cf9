// Typed access to the AttributeProto list of a node, with detection of attributes that were not read.

internal import Network

/// A node's attributes. Each is read by name; an attribute that was not read is an error, because it may
/// change the result.
struct Attributes {
  private enum Value {
    case float(Float)
    case integer(Int)
    case string(String)
    case tensor(Tensor)
    case floats([Float])
    case integers([Int])
    case other
  }

  private var values: [String: Value] = [:]

  init(_ node: NodeMessage, _ files: ModelFiles) throws(ModelError) {
    for attribute in node.attributes {
      values[attribute.name] =
        if attribute.isOther || attribute.graph != nil || attribute.reference != nil {
          .other
        } else if let tensor = attribute.tensor {
          .tensor(try tensor.tensor(files))
        } else if let float = attribute.float { .float(float) } else if let integer = attribute.integer {
          .integer(integer)
        } else if let string = attribute.string { .string(string) } else if !attribute.floats.isEmpty {
          .floats(attribute.floats)
        } else {
          // Some writers leave out zero and the empty string.
          switch attribute.type {
          case 1: .float(0)
          case 2: .integer(0)
          case 3: .string("")
          default: .integers(attribute.integers)
          }
        }
    }
  }

  mutating func integer(_ name: String) throws(GraphError) -> Int? {
    switch values.removeValue(forKey: name) {
    case nil: return nil
    case .integer(let value): return value
    default: throw .attribute(name)
    }
  }

  mutating func flag(_ name: String) throws(GraphError) -> Bool {
    switch try integer(name) ?? 0 {
    case 0: return false
    case 1: return true
    default: throw .attribute(name)
    }
  }

  mutating func float(_ name: String) throws(GraphError) -> Float? {
    switch values.removeValue(forKey: name) {
    case nil: return nil
    case .float(let value): return value
    default: throw .attribute(name)
    }
  }

  mutating func string(_ name: String) throws(GraphError) -> String? {
    switch values.removeValue(forKey: name) {
    case nil: return nil
    case .string(let value): return value
    default: throw .attribute(name)
    }
  }

  mutating func tensor(_ name: String) throws(GraphError) -> Tensor? {
    switch values.removeValue(forKey: name) {
    case nil: return nil
    case .tensor(let value): return value
    default: throw .attribute(name)
    }
  }

  mutating func integers(_ name: String) throws(GraphError) -> [Int]? {
    switch values.removeValue(forKey: name) {
    case nil: return nil
    case .integers(let value): return value
    default: throw .attribute(name)
    }
  }

  mutating func floats(_ name: String) throws(GraphError) -> [Float]? {
    switch values.removeValue(forKey: name) {
    case nil: return nil
    case .floats(let value): return value
    case .integers(let value) where value.isEmpty: return []
    default: throw .attribute(name)
    }
  }

  /// An attribute that does not affect inference.
  mutating func ignore(_ name: String) { values[name] = nil }

  func requireAllRead() throws(GraphError) {
    if let name = values.keys.min() { throw .unsupported("attribute \(name)") }
  }
}
