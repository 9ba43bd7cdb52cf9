// What `--describe` prints.

import Elements
import Network
import Streams

/// What `--describe` prints: one JSON object.
func describe(_ model: LoadedModel, _ precision: ChosenPrecision) throws -> [UInt8] {
  let summary = model.graph.summary
  var json = JSONText()
  json.beginObject()
  json.key("model")
  json.string(model.name)
  json.key("opset")
  json.integer(model.opset)
  json.key("inputs")
  json.ports(
    model.graph.inputs.indices.map {
      (model.graph.inputName($0), model.graph.inputType($0), model.graph.inputShape($0))
    })
  json.key("outputs")
  json.ports(
    model.graph.outputs.indices.map {
      (model.graph.outputName($0), model.graph.outputType($0), model.graph.outputShape($0))
    })
  json.key("operators")
  json.beginObject()
  for (name, count) in summary.operators {
    json.key(name)
    json.integer(count)
  }
  json.endObject()
  json.key("parameters")
  json.integer(summary.parameters)
  json.key("multiplyAdds")
  json.integer(summary.multiplyAdds)
  json.key("precision")
  json.string(precision.name)
  try json.quantizedExecution(model)
  json.preprocessing(model)
  json.key("classes")
  json.integer(model.classes)
  json.key("labels")
  if let source = model.labels.source { json.string(source) } else { json.null() }
  json.key("activation")
  json.string(model.activation.activation.rawValue)
  json.key("activationReason")
  json.string(model.activation.reason)
  json.endObject()
  json.endLine()
  return json.bytes
}

extension JSONText {
  /// Of a quantized model: how many computations run in integers, and which do not.
  fileprivate mutating func quantizedExecution(_ model: LoadedModel) throws {
    guard let execution = try model.quantizedExecution() else { return }
    key("quantized")
    beginObject()
    key("integer")
    integer(execution.integers)
    key("float32")
    beginArray()
    for (node, operation) in execution.floats {
      beginObject()
      key("node")
      string(node)
      key("operator")
      string(operation)
      endObject()
    }
    endArray()
    endObject()
  }

  fileprivate mutating func preprocessing(_ model: LoadedModel) {
    let contract = model.preprocessing.contract
    key("preprocessing")
    beginObject()
    key("sources")
    beginArray()
    for source in model.preprocessing.sources { string(source) }
    endArray()
    key("assumesImageNet")
    boolean(model.preprocessing.assumesImageNet)
    key("scale")
    number(Double(contract.scale), decimals: 9)
    for (name, values) in [("mean", contract.mean), ("std", contract.std)] {
      key(name)
      beginArray()
      for value in values { number(Double(value), decimals: 6) }
      endArray()
    }
    key("channels")
    string(contract.isBGR ? "BGR" : "RGB")
    key("imgdecode")
    string((["imgdecode"] + model.imgdecodeFlags).joined(separator: " "))
    endObject()
  }

  /// The batch is written as "N".
  fileprivate mutating func ports(_ ports: [(name: String, type: ElementType, shape: Shape)]) {
    beginArray()
    for port in ports {
      beginObject()
      key("name")
      string(port.name)
      key("type")
      string(port.type.rawValue)
      key("shape")
      beginArray()
      for (axis, dimension) in port.shape.dimensions.enumerated() {
        if axis == 0 && port.shape.isBatched {
          string(dimension == 1 ? "N" : "\(dimension)N")
        } else {
          integer(dimension)
        }
      }
      endArray()
      endObject()
    }
    endArray()
  }
}
