// What `--describe` prints.

import Elements
import Network
import Streams

/// What `--describe` prints: one JSON object.
func describe(_ model: LoadedModel, _ precision: ChosenPrecision) throws -> [UInt8] {
  let summary = model.graph.summary
  let quantized = try model.quantizedExecution()
  return JSONText.line { json in
    json.member("model", model.name)
    json.member("opset", model.opset)
    json.ports(
      "inputs",
      model.graph.inputs.indices.map {
        (model.graph.inputName($0), model.graph.inputType($0), model.graph.inputShape($0))
      })
    json.member("isSizeOpen", model.isSizeOpen)
    json.ports(
      "outputs",
      model.graph.outputs.indices.map {
        (model.graph.outputName($0), model.graph.outputType($0), model.graph.outputShape($0))
      })
    json.object("operators") { json in
      for (name, count) in summary.operators { json.member(name, count) }
    }
    json.member("parameters", summary.parameters)
    json.member("multiplyAdds", summary.multiplyAdds)
    json.member("precision", precision.name)
    if let quantized { json.quantizedExecution(quantized) }
    json.preprocessing(model)
    json.member("classes", model.classes)
    json.member("labels") { json in
      if let source = model.labels.source { json.string(source) } else { json.null() }
    }
    json.member("activation", model.activation.activation.rawValue)
    json.member("activationReason", model.activation.reason)
  }
}

extension JSONText {
  /// Of a quantized model: how many computations run in integers, and which do not.
  fileprivate mutating func quantizedExecution(_ execution: QuantizedExecution) {
    object("quantized") { json in
      json.member("integer", execution.integers)
      json.array("float32", execution.floats) { json, computation in
        json.object { json in
          json.member("node", computation.node)
          json.member("operator", computation.operation)
        }
      }
    }
  }

  fileprivate mutating func preprocessing(_ model: LoadedModel) {
    let contract = model.preprocessing.contract
    object("preprocessing") { json in
      json.array("sources", model.preprocessing.sources) { $0.string($1) }
      json.member("assumesImageNet", model.preprocessing.assumesImageNet)
      json.member("scale", Double(contract.scale), decimals: 9)
      json.array("mean", contract.mean) { $0.number(Double($1), decimals: 6) }
      json.array("std", contract.std) { $0.number(Double($1), decimals: 6) }
      json.member("channels", contract.isBGR ? "BGR" : "RGB")
      json.member("imgdecode", (["imgdecode"] + model.imgdecodeFlags).joined(separator: " "))
    }
  }

  /// The batch is written as "N".
  fileprivate mutating func ports(_ name: String, _ ports: [(name: String, type: ElementType, shape: Shape)]) {
    array(name, ports) { json, port in
      json.object { json in
        json.member("name", port.name)
        json.member("type", port.type.rawValue)
        json.array("shape", port.shape.dimensions.enumerated()) { json, dimension in
          if dimension.offset == 0 && port.shape.isBatched {
            json.string(dimension.element == 1 ? "N" : "\(dimension.element)N")
          } else {
            json.integer(dimension.element)
          }
        }
      }
    }
  }
}
