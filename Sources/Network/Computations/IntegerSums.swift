// ConvInteger and MatMulInteger at run time: int32 accumulators, with a correction for a dynamic zero point.

internal import Elements
internal import Kernels

/// int32 sums of a product of bytes, less those of a zero point that is computed at run time.
///
/// Σ (x − z) · w is Σ x · w − z · Σ w. The second sum is that of the product of ones, padding left out, and is computed
/// once, when the network is built. Operands: bytes and, where it `subtractsZeroPoint`, that number.
struct IntegerSums: Computation {
  enum Product: Sendable {
    case convolution(QuantizedConvolution)
    case dense(QuantizedDense)
  }

  let product: Product
  let subtractsZeroPoint: Bool

  private var computation: any Computation {
    switch product {
    case .convolution(let convolution): convolution
    case .dense(let dense): dense
    }
  }

  var name: String {
    switch product {
    case .convolution: "ConvInteger"
    case .dense: "MatMulInteger"
    }
  }
  var layoutRule: LayoutRule { computation.layoutRule }
  var parameterCount: Int { computation.parameterCount }
  var runsInIntegers: Bool { true }
  func multiplyAdds(_ inputs: [Shape], _ outputs: [Shape]) -> Int { computation.multiplyAdds(inputs, outputs) }

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    guard subtractsZeroPoint else { return try computation.compile(context) }
    let (zeroPoint, target) = (context.inputs[1], context.outputs[0])
    let weightSums = try sumsOfOnes(context)
    guard let kernel = try computation.compile(context.readingFirst) else { return nil }
    let isSigned = zeroPoint.element == .int8
    return Kernel(kernel.algorithm, scratchBytes: kernel.scratchBytes) { run in
      kernel.run(run)
      let bits = unsafe run.read(zeroPoint, as: UInt8.self).pointee
      let zero = isSigned ? Int32(Int8(bitPattern: bits)) : Int32(bits)
      let sums = unsafe run.write(target, as: Int32.self)
      for index in 0..<target.count * run.items(target) {
        unsafe sums[index] &-= zero &* weightSums[index % weightSums.count]
      }
    }
  }

  /// (positions, outputs) of one item: the product over an input of ones.
  private func sumsOfOnes(_ context: CompileContext) throws(GraphError) -> [Int32] {
    let source = context.inputs[0]
    let count: Int
    switch product {
    case .dense(let dense): count = dense.weights.integers.dimensions[1]
    case .convolution: count = context.outputs[0].count
    }
    let ones = [UInt8](repeating: 1, count: source.count)
    var sums = [Int32](repeating: 0, count: count)
    switch product {
    case .convolution(let convolution):
      let kernel = try convolution.kernel(
        context.inputShapes[0], maxBatch: context.inputShapes[0].dimensions[0], pool: context.pool)
      var scratch = [UInt64](repeating: 0, count: kernel.scratchBytes / 8 + 1)
      unsafe ones.withUnsafeBytes { ones in
        unsafe sums.withUnsafeMutableBytes { sums in
          unsafe scratch.withUnsafeMutableBytes { scratch in
            unsafe kernel.run(
              batch: kernel.maxBatch, input: ones.baseAddress!, inputStride: source.channels,
              output: sums.baseAddress!, outputStride: context.outputs[0].channels, scratch: scratch.baseAddress!,
              pool: context.pool)
          }
        }
      }
    case .dense(let dense):
      let kernel = try dense.kernel(maxRows: 1, pool: context.pool)
      var scratch = [UInt64](repeating: 0, count: kernel.scratchBytes / 8 + 1)
      unsafe ones.withUnsafeBytes { ones in
        unsafe sums.withUnsafeMutableBytes { sums in
          unsafe scratch.withUnsafeMutableBytes { scratch in
            unsafe kernel.run(
              rows: 1, input: ones.baseAddress!, output: sums.baseAddress!, scratch: scratch.baseAddress!,
              pool: context.pool)
          }
        }
      }
    }
    return sums
  }
}

extension CompileContext {
  /// With the first operand alone.
  fileprivate var readingFirst: CompileContext {
    CompileContext(
      inputs: [inputs[0]], outputs: outputs, inputShapes: [inputShapes[0]], outputShapes: outputShapes,
      layout: layout, maxBatch: maxBatch, precision: precision, pool: pool)
  }
}
