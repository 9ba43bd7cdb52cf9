// Writes small ONNX files: just enough of protobuf and of onnx.proto for tests.

import ONNX

/// A protobuf message under construction.
struct MessageWriter {
  private(set) var bytes: [UInt8] = []

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func integer(_ field: Int, _ value: Int) {
    varint(UInt64(field << 3))
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func float(_ field: Int, _ value: Float) {
    varint(UInt64(field << 3 | 5))
    for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(shift))) }
  }

  mutating func bytes(_ field: Int, _ value: [UInt8]) {
    varint(UInt64(field << 3 | 2))
    varint(UInt64(value.count))
    bytes += value
  }

  mutating func text(_ field: Int, _ value: String) { bytes(field, Array(value.utf8)) }

  mutating func message(_ field: Int, _ write: (inout MessageWriter) -> Void) {
    var inner = MessageWriter()
    write(&inner)
    bytes(field, inner.bytes)
  }
}

/// A NodeProto.
struct WrittenNode {
  enum Attribute {
    case integer(Int)
    case float(Float)
    case text(String)
    case integers([Int])
  }

  let type: String
  var inputs: [String]
  var outputs: [String]
  var attributes: [String: Attribute] = [:]

  init(_ type: String, _ inputs: [String], _ outputs: [String], _ attributes: [String: Attribute] = [:]) {
    (self.type, self.inputs, self.outputs, self.attributes) = (type, inputs, outputs, attributes)
  }

  func write(_ writer: inout MessageWriter, name: String) {
    for input in inputs { writer.text(1, input) }
    for output in outputs { writer.text(2, output) }
    writer.text(3, name)
    writer.text(4, type)
    for (name, attribute) in attributes.sorted(by: { $0.key < $1.key }) {
      writer.message(5) { writer in
        writer.text(1, name)
        switch attribute {
        case .float(let value):
          writer.float(2, value)
          writer.integer(20, 1)
        case .integer(let value):
          writer.integer(3, value)
          writer.integer(20, 2)
        case .text(let value):
          writer.text(4, value)
          writer.integer(20, 3)
        case .integers(let values):
          for value in values { writer.integer(8, value) }
          writer.integer(20, 7)
        }
      }
    }
  }
}

/// A ModelProto with the float32 input x, the output y and float32 or int64 constants.
func writtenModel(
  _ nodes: [WrittenNode], opset: Int, input: [Int], floats: [String: (dimensions: [Int], values: [Float])] = [:],
  integers: [String: [Int]] = [:]
) -> [UInt8] {
  var model = MessageWriter()
  model.integer(1, 8)
  model.message(7) { graph in
    for (index, node) in nodes.enumerated() { graph.message(1) { node.write(&$0, name: "node\(index)") } }
    for (name, tensor) in floats {
      graph.message(5) { writer in
        for dimension in tensor.dimensions { writer.integer(1, dimension) }
        writer.integer(2, 1)
        for value in tensor.values { writer.float(4, value) }
        writer.text(8, name)
      }
    }
    for (name, values) in integers {
      graph.message(5) { writer in
        writer.integer(1, values.count)
        writer.integer(2, 7)
        for value in values { writer.integer(7, value) }
        writer.text(8, name)
      }
    }
    graph.message(11) { writer in
      writer.text(1, "x")
      writer.message(2) { type in
        type.message(1) { tensor in
          tensor.integer(1, 1)
          tensor.message(2) { shape in
            for dimension in input { shape.message(1) { $0.integer(1, dimension) } }
          }
        }
      }
    }
    graph.message(12) { $0.text(1, "y") }
  }
  model.message(8) { $0.integer(2, opset) }
  return model.bytes
}
