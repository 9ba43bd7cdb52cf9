// Unary functions of 8-bit tensors by table lookup.

internal import Elements
internal import Kernels

/// A function of one tensor of bytes as a table of 256: Sigmoid, HardSwish, another quantization, …
struct ByteTable: Computation {
  let name: String
  /// (256), by the operand's bits.
  let table: [UInt8]

  /// - Parameter function: on real numbers.
  init(_ name: String, from input: ByteQuantization, to output: QuantizedRange, _ function: (Float) -> Float) {
    self.name = name == "Requantize" ? name : "QLinear" + name
    table = byteTable(from: input, to: output, function)
  }

  /// The same real numbers in another quantization.
  static func requantize(_ input: ByteQuantization, to output: QuantizedRange) -> ByteTable {
    ByteTable("Requantize", from: input, to: output) { $0 }
  }

  var layoutRule: LayoutRule { .either }
  var worksInPlace: Bool { true }
  var runsInIntegers: Bool { true }

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    return Kernel("table") { [table] run in
      unsafe table.withUnsafeBufferPointer { table in
        unsafe applyTable(
          count: source.count * run.items(source), run.read(source, as: UInt8.self), table.baseAddress!,
          run.write(target, as: UInt8.self), pool: run.pool)
      }
    }
  }
}
