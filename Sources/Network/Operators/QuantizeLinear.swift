// Quantization in the graph, and how scale and zero point operands are read.

package import Elements

/// QuantizeLinear: the 8-bit integer nearest to x / scale, halves to even, plus the zero point, held to the type's range.
/// Operands: x, scale and zero point, the last two constants of one element, or of one per position along `axis`.
package struct QuantizeLinear: Operator {
  let axis: Int
  /// The type of the result where no zero point states it.
  let type: ElementType

  package init(axis: Int, type: ElementType = .uint8) {
    self.axis = axis
    self.type = type
  }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 3)
    let operand = try operands.operand(0)
    guard operand.type.isFloating else { throw .elementType(operand.type) }
    let element = operands.optional(2)?.type ?? type
    guard element == .uint8 || element == .int8 else { throw .unsupported("quantization to \(element.rawValue)") }
    let quantization = try operands.quantization(element, of: operand.shape, axis: axis)
    guard let constant = operand.constant else {
      let shape = try operands.activation(0)
      return .computed(Quantize(quantization), reads: [0], results: [TensorType(element, shape)])
    }
    return .constants([try constant.quantized(quantization)])
  }
}

extension Operands {
  /// What scale and zero point, operands 1 and 2, both constants, say of a tensor of `shape`.
  func quantization(_ element: ElementType, of shape: Shape, axis: Int) throws(GraphError) -> Quantization {
    let scale = try constant(1)
    let zeroPoint = try optionalConstant(2)
    let scales = try scale.floats
    if let zeroPoint, zeroPoint.type != element { throw .elementType(zeroPoint.type) }
    let zeroPoints = try zeroPoint?.integers ?? Array(repeating: 0, count: scales.count)
    guard scale.dimensions.count <= 1 else { throw .unsupported("blocked quantization") }
    var position: Int?
    if scales.count != 1 {
      let axis = try shape.axis(axis)
      if shape.isBatched && axis == 0 { throw .dynamicShape }
      guard scales.count == shape.dimensions[axis] else { throw .shapes([shape, try scale.shape]) }
      position = axis
    }
    guard zeroPoints.count == scales.count else { throw .shapes([try scale.shape, try Shape([zeroPoints.count])]) }
    guard
      let quantization = Quantization(element: element, scales: scales, zeroPoints: zeroPoints, axis: position)
    else { throw .unsupported("a scale that is not positive and finite") }
    return quantization
  }
}

extension Tensor {
  /// The integers that stand for the elements of this floating tensor.
  fileprivate func quantized(_ quantization: Quantization) throws(GraphError) -> Tensor {
    let (inner, positions) = axisStep(of: quantization.axis, in: dimensions)
    let integers = try floats.enumerated().map { index, value in
      quantization.integer(value, at: index / inner % positions)
    }
    return try Tensor(type: quantization.element, dimensions: dimensions, integers: integers)
  }
}

/// Elements between neighbours along `axis` of a tensor in C order, and how many neighbours there are; without an axis
/// one for the whole tensor.
func axisStep(of axis: Int?, in dimensions: [Int]) -> (inner: Int, positions: Int) {
  guard let axis else { return (max(1, dimensions.reduce(1, *)), 1) }
  return (max(1, dimensions[(axis + 1)...].reduce(1, *)), max(1, dimensions[axis]))
}
