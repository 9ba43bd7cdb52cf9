public import Elements

/// Cast. Between floating types a value passes as it is: all arithmetic is float32. Constants change for real;
/// a value computed at run time cannot become an integer.
public struct Cast: Operator {
  public let type: ElementType

  public init(to type: ElementType) { self.type = type }

  public func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 1)
    let operand = try operands.operand(0)
    guard let constant = operand.constant else {
      guard operand.type.isFloating, type.isFloating else { throw .elementType(type) }
      let shape = try operands.activation(0)
      return .computed(View(name: "Cast"), reads: [0], results: [TensorType(type, shape)])
    }
    return .constants([try cast(constant)])
  }

  private func cast(_ constant: Tensor) throws(GraphError) -> Tensor {
    let dimensions = constant.dimensions
    switch (constant.type.isFloating, type.isFloating) {
    case (true, true):
      return try Tensor(type: type, dimensions: dimensions, floats: try constant.floats)
    case (true, false):
      var integers: [Int] = []
      for value in try constant.floats {
        if type == .bool {
          integers.append(value != 0 ? 1 : 0)
        } else {
          guard let integer = Int(exactly: value.rounded(.towardZero)) else { throw .overflow }
          integers.append(integer)
        }
      }
      return try Tensor(type: type, dimensions: dimensions, integers: integers)
    case (false, true):
      return try Tensor(type: type, dimensions: dimensions, floats: try constant.integers.map { Float($0) })
    case (false, false):
      let extents = try constant.extents
      let values = type == .bool ? extents.map { Extent($0.count != 0 ? 1 : 0) } : extents
      return try Tensor(type: type, dimensions: dimensions, extents: values)
    }
  }
}
