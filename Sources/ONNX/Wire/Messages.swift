// The messages of onnx.proto (IR version 3 and later) that a classifier's graph is made of, decoded field by field.
// Fields that change nothing about the answer (names of producers, documentation, type annotations) are passed over.

struct ModelMessage {
  var opsets: [(domain: String, version: Int)] = []
  var graph: WireReader?
  var metadata: [String: String] = [:]
  var functions: [FunctionMessage] = []

  init(_ reader: WireReader) throws(ModelError) {
    var reader = reader
    while let field = try reader.next() {
      switch field.number {
      case 7: graph = try field.message(reader)
      case 8: opsets.append(try opset(field.message(reader)))
      case 14:
        let (key, value) = try entry(field.message(reader))
        metadata[key] = value
      case 25: functions.append(try FunctionMessage(field.message(reader)))
      default: break
      }
    }
  }
}

/// An OperatorSetIdProto.
private func opset(_ reader: WireReader) throws(ModelError) -> (domain: String, version: Int) {
  var (reader, domain, version) = (reader, "", 0)
  while let field = try reader.next() {
    switch field.number {
    case 1: domain = try field.text(reader)
    case 2: version = try field.int(reader)
    default: break
    }
  }
  return (domain, version)
}

/// A StringStringEntryProto.
func entry(_ reader: WireReader) throws(ModelError) -> (key: String, value: String) {
  var (reader, key, value) = (reader, "", "")
  while let field = try reader.next() {
    switch field.number {
    case 1: key = try field.text(reader)
    case 2: value = try field.text(reader)
    default: break
    }
  }
  return (key, value)
}

struct GraphMessage {
  var nodes: [NodeMessage] = []
  var initializers: [TensorMessage] = []
  var inputs: [ValueMessage] = []
  var outputs: [ValueMessage] = []
  var sparseInitializers: [String] = []

  init(_ reader: WireReader) throws(ModelError) {
    var reader = reader
    while let field = try reader.next() {
      switch field.number {
      case 1: nodes.append(try NodeMessage(field.message(reader)))
      case 5: initializers.append(try TensorMessage(field.message(reader)))
      case 11: inputs.append(try ValueMessage(field.message(reader)))
      case 12: outputs.append(try ValueMessage(field.message(reader)))
      case 15: sparseInitializers.append(try GraphMessage.sparseName(field.message(reader)))
      default: break
      }
    }
  }

  /// Of a SparseTensorProto: that of its values.
  private static func sparseName(_ reader: WireReader) throws(ModelError) -> String {
    var (reader, name) = (reader, "")
    while let field = try reader.next() {
      if field.number == 1 { name = try TensorMessage(field.message(reader)).name }
    }
    return name
  }
}

/// A FunctionProto: a model's own operator, made of others.
struct FunctionMessage {
  var name = ""
  var domain = ""
  var overload = ""
  var inputs: [String] = []
  var outputs: [String] = []
  var nodes: [NodeMessage] = []
  /// Attributes that have a default value.
  var attributes: [AttributeMessage] = []
  var opsets: [(domain: String, version: Int)] = []

  init(_ reader: WireReader) throws(ModelError) {
    var reader = reader
    while let field = try reader.next() {
      switch field.number {
      case 1: name = try field.text(reader)
      case 4: inputs.append(try field.text(reader))
      case 5: outputs.append(try field.text(reader))
      case 7: nodes.append(try NodeMessage(field.message(reader)))
      case 9: opsets.append(try opset(field.message(reader)))
      case 10: domain = try field.text(reader)
      case 11: attributes.append(try AttributeMessage(field.message(reader)))
      case 13: overload = try field.text(reader)
      default: break
      }
    }
  }
}

struct NodeMessage {
  var inputs: [String] = []
  var outputs: [String] = []
  var name = ""
  var operatorType = ""
  var domain = ""
  /// Distinguishes functions of one name.
  var overload = ""
  var attributes: [AttributeMessage] = []

  /// A node that copies a value.
  init(copying input: String, to output: String) {
    (inputs, outputs, operatorType) = ([input], [output], "Identity")
  }

  init(_ reader: WireReader) throws(ModelError) {
    var reader = reader
    while let field = try reader.next() {
      switch field.number {
      case 1: inputs.append(try field.text(reader))
      case 2: outputs.append(try field.text(reader))
      case 3: name = try field.text(reader)
      case 4: operatorType = try field.text(reader)
      case 5: attributes.append(try AttributeMessage(field.message(reader)))
      case 7: domain = try field.text(reader)
      case 8: overload = try field.text(reader)
      default: break
      }
    }
  }
}

struct AttributeMessage {
  var name = ""
  var float: Float?
  var integer: Int?
  var string: String?
  var tensor: TensorMessage?
  var floats: [Float] = []
  var integers: [Int] = []
  /// `then_branch` and `else_branch` of an If.
  var graph: WireReader?
  /// The attribute of the enclosing function whose value this one has.
  var reference: String?
  /// AttributeProto.AttributeType, 0 where the file does not say.
  var type = 0
  /// Strings, several tensors or graphs, a type: no operator here has one.
  var isOther = false

  init(_ reader: WireReader) throws(ModelError) {
    var reader = reader
    while let field = try reader.next() {
      switch field.number {
      case 1: name = try field.text(reader)
      case 2: float = try field.float(reader)
      case 3: integer = try field.int(reader)
      case 4: string = try field.text(reader)
      case 5: tensor = try TensorMessage(field.message(reader))
      case 7: try field.append(to: &floats, reader)
      case 8: try field.append(to: &integers, reader)
      case 6: graph = try field.message(reader)
      case 20: type = try field.int(reader)
      case 21: reference = try field.text(reader)
      case 9, 10, 11, 14, 15, 22, 23: isOther = true
      default: break
      }
    }
  }
}
