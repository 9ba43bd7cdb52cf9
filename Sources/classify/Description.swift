import Elements
import Network
import Streams

/// What `--describe` prints: one JSON object.
func describe(_ model: LoadedModel) -> [UInt8] {
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
  json.key("softmax")
  json.boolean(model.endsInSoftmax)
  json.endObject()
  json.endLine()
  return json.bytes
}

extension JSONText {
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
