// The fully connected layer on 8-bit inputs and weights.

internal import Elements
internal import Kernels

/// A matrix product of bytes with constant 8-bit weights, summed in int32. Operand (…, inputs), result (…, outputs).
struct QuantizedDense: Computation {
  let name = "QGemm"
  let weights: ByteWeights
  let layout: Dense.Layout
  /// (outputs): in units of the input's scale times the weights'.
  let bias: [Int32]?
  let input: ByteQuantization
  let output: QuantizedOutput

  var parameterCount: Int { weights.integers.count + (bias?.count ?? 0) }
  var runsInIntegers: Bool { true }

  private var inputs: Int { weights.integers.dimensions[layout == .inputsFirst ? 0 : 1] }
  private var outputs: Int { weights.integers.dimensions[layout == .inputsFirst ? 1 : 0] }

  func multiplyAdds(_ inputs: [Shape], _ outputs: [Shape]) -> Int { outputs[0].count * self.inputs }

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    let rows = source.count / inputs
    let kernel = try kernel(maxRows: rows * context.largest(source), pool: context.pool)
    weights.integers.discard()
    return Kernel("int8 packed GEMM", scratchBytes: kernel.scratchBytes) { run in
      unsafe kernel.run(
        rows: rows * run.items(source), input: run.read(source, as: UInt8.self),
        output: run.write(target, as: UInt8.self), scratch: run.scratch, pool: run.pool)
    }
  }

  func kernel(maxRows: Int, pool: ThreadPool) throws(GraphError) -> Kernels.QuantizedDense {
    let (outputStep, inputStep) = layout == .inputsFirst ? (1, outputs) : (inputs, 1)
    return try weights.with(outputStep: outputStep, inputStep: inputStep) { weights throws(GraphError) in
      unsafe try withOptionalPointer(bias) { bias throws(GraphError) in
        try quantized { () throws(QuantizationError) in
          unsafe try Kernels.QuantizedDense(
            inputs: inputs, outputs: outputs, input: input, weights: weights, bias: bias, output: output,
            maxRows: maxRows, pool: pool)
        }
      }
    }
  }
}
