internal import Kernels

/// A matrix product with constant weights, bias and activation: Gemm, or MatMul with a constant right side.
/// Operand (…, inputs), result (…, outputs).
struct Dense: Operator {
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
  var activation = Activation.none

  var outputs: Int { weights.dimensions[layout == .inputsFirst ? 1 : 0] }
  var inputs: Int { weights.dimensions[layout == .inputsFirst ? 0 : 1] }

  func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    let input = try operands.activation(0)
    return .computed(self, reads: [0], shapes: [try input.with(input.dimensions.dropLast() + [outputs])])
  }

  var parameterCount: Int { weights.count + (bias?.count ?? 0) }
  func multiplyAdds(_ inputs: [Shape], _ outputs: [Shape]) -> Int { outputs[0].count * self.inputs }

  func compile(_ site: Site) throws(GraphError) -> Kernel? {
    let (source, target) = (site.inputs[0], site.outputs[0])
    let rows = source.count / inputs
    let storage = try weights.storage
    let packed = unsafe try scaled(storage).withFloats { weights in
      unsafe bias.withOptionalPointer { bias in
        unsafe Kernels.Dense(
          inputs: inputs, outputs: outputs, weights: weights.baseAddress!,
          layout: layout == .inputsFirst ? .rowMajorKN : .rowMajorNK, bias: bias, activation: activation,
          maxRows: rows * site.largest(source), pool: site.pool)
      }
    }
    storage.discard()
    return Kernel("packed GEMM", scratchFloats: packed.scratchFloats) { frame in
      unsafe packed.run(
        rows: rows * frame.items(source), input: frame.read(source), output: frame.write(target),
        scratch: frame.scratch, pool: frame.pool)
    }
  }

  private func scaled(_ weights: FloatStorage) throws(GraphError) -> FloatStorage {
    if factor == 1 { return weights }
    return FloatStorage(copying: try self.weights.floats.map { $0 * factor })
  }
}
