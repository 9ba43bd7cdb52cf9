// The fully connected layer: packs constant weights once and multiplies batches of rows with them.

internal import Kernels

/// A matrix product with constant weights, bias and activation: Gemm, or MatMul with a constant right side.
/// Operand (…, inputs), possibly a residual, result (…, outputs).
struct Dense: Computation {
  enum Layout: Sendable {
    /// (inputs, outputs)
    case inputsFirst
    /// (outputs, inputs)
    case outputsFirst
  }

  let name: String
  let weights: Tensor
  let layout: Layout
  var bias: [Float]?
  /// What every weight is multiplied with.
  var factor: Float = 1
  /// What the weights of each column are multiplied with.
  var scale: [Float]?
  /// Whether operand 1, as large as the result, is added before the activation.
  var addsResidual = false
  var activation = Activation.none

  /// y · scale + shift, column by column, taken into weights and bias. Only before the activation.
  mutating func follow(scale factors: [Float]?, shift: [Float]?) {
    if let factors {
      scale = scale.map { zip($0, factors).map(*) } ?? factors
      bias = bias.map { zip($0, factors).map(*) }
    }
    if let shift { bias = bias.map { zip($0, shift).map(+) } ?? shift }
  }

  var outputs: Int { weights.dimensions[layout == .inputsFirst ? 1 : 0] }
  var inputs: Int { weights.dimensions[layout == .inputsFirst ? 0 : 1] }

  var parameterCount: Int { weights.count + (bias?.count ?? 0) }
  func multiplyAdds(_ inputs: [Shape], _ outputs: [Shape]) -> Int { outputs[0].count * self.inputs }

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    let rows = source.count / inputs
    let residual = addsResidual ? context.inputs[1] : nil
    let packed = unsafe try scaled().withFloats { weights in
      unsafe withOptionalPointer(bias) { bias in
        unsafe Kernels.Dense(
          inputs: inputs, outputs: outputs, weights: weights.baseAddress!,
          layout: layout == .inputsFirst ? .rowMajorKN : .rowMajorNK, bias: bias, activation: activation,
          precision: context.precision, maxRows: rows * context.largest(source), pool: context.pool)
      }
    }
    weights.discard()
    return Kernel(packed.algorithm, scratchBytes: 4 * packed.scratchFloats) { run in
      unsafe packed.run(
        rows: rows * run.items(source), input: run.read(source), output: run.write(target),
        residual: residual.map { unsafe run.read($0) }, scratch: run.scratch.assumingMemoryBound(to: Float.self),
        pool: run.pool)
    }
  }

  private func scaled() throws(GraphError) -> Tensor {
    if factor == 1 && scale == nil { return weights }
    let columns = outputs
    var floats = try weights.floats
    for index in floats.indices {
      let column = layout == .inputsFirst ? index % columns : index / inputs
      floats[index] *= factor * (scale?[column] ?? 1)
    }
    return try Tensor(dimensions: weights.dimensions, floats: floats)
  }
}
