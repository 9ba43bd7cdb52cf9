// Shape inference of the integer matrix product, and the operand checks it shares with ConvInteger.

internal import Elements
internal import Kernels

/// MatMulInteger: the int32 sums of a product of bytes with a constant 8-bit matrix.
/// Operands: a (…, depth), b (depth, columns), a's zero point, which may be computed at run time, and b's zero points.
package struct MatMulInteger: Operator {
  package init() {}

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    let factors = try IntegerFactors(operands, outputAxis: 1)
    let (a, b) = (factors.shape, factors.weights.integers.dimensions)
    guard b.count == 2, a.rank >= 2, a.dimensions[a.rank - 1] == b[0] else {
      throw .shapes([a, try factors.weights.integers.shape])
    }
    let dense = QuantizedDense(
      weights: factors.weights, layout: .inputsFirst, bias: nil, input: factors.input, output: .sums)
    let sums = IntegerSums(product: .dense(dense), subtractsZeroPoint: factors.zeroPointIsComputed)
    let shape = try Shape(a.extents.dropLast() + [Extent(b[1])])
    return .computed(sums, reads: factors.reads, results: [TensorType(.int32, shape)])
  }
}

/// The operands of ConvInteger and MatMulInteger.
struct IntegerFactors {
  let shape: Shape
  let weights: ByteWeights
  /// The left side's zero point, 0 where it is computed at run time. Its scale means nothing.
  let input: ByteQuantization
  let zeroPointIsComputed: Bool

  var reads: [Int] { zeroPointIsComputed ? [0, 2] : [0] }

  /// - Parameter outputAxis: the weights' axis that has an output for each position.
  init(_ operands: Operands, outputAxis: Int) throws(GraphError) {
    try operands.require(atMost: 4)
    let left = try operands.operand(0)
    guard left.type == .int8 || left.type == .uint8 else { throw .elementType(left.type) }
    if left.constant != nil { throw .unsupported("a constant left side") }
    shape = try operands.elements(0)
    let integers = try operands.constant(1)
    guard integers.type == .int8 || integers.type == .uint8 else { throw .elementType(integers.type) }
    let zeroPoints = try operands.optionalConstant(3)?.integers ?? [0]
    guard
      zeroPoints.count == 1
        || outputAxis < integers.dimensions.count
          && zeroPoints.count == integers.dimensions[outputAxis]
    else { throw .attribute("zero point") }
    guard
      let quantization = Quantization(
        element: integers.type, scales: Array(repeating: 1, count: zeroPoints.count), zeroPoints: zeroPoints,
        axis: zeroPoints.count == 1 ? nil : outputAxis)
    else { throw .attribute("zero point") }
    weights = ByteWeights(integers: integers, quantization: quantization)
    let zeroPoint = operands.optional(2)
    if let zeroPoint, zeroPoint.shape.count != 1 || zeroPoint.type != left.type { throw .attribute("zero point") }
    zeroPointIsComputed = zeroPoint != nil && zeroPoint?.constant == nil
    let value = try zeroPoint?.constant?.integers[0] ?? 0
    input = ByteQuantization(scale: 1, zeroPoint: Int32(value), isSigned: left.type == .int8)
  }
}
