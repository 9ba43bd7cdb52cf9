// Range, evaluated at load time.

internal import Elements

/// Range: start, start + delta, … before limit. Operands: start, limit, delta, constants of one element.
package struct ArithmeticSequence: Operator {
  package init() {}

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: 3)
    let start = try operands.constant(0)
    if start.type.isFloating {
      let (first, limit, step) = (
        try start.scalar(), try operands.constant(1).scalar(), try operands.constant(2).scalar()
      )
      let count = try Self.count(((Double(limit) - Double(first)) / Double(step)).rounded(.up))
      let floats = (0..<count).map { first + Float($0) * step }
      return .constants([try Tensor(type: start.type, dimensions: [count], floats: floats)])
    }
    var numbers: [Int] = []
    for position in 0..<3 {
      let values = try operands.constant(position).integers
      guard values.count == 1 else { throw .shapes([try operands.operand(position).shape]) }
      numbers.append(values[0])
    }
    guard numbers[2] != 0, numbers.allSatisfy({ abs(Double($0)) < 0x1p52 }) else { throw .overflow }
    let count = try Self.count((Double(numbers[1] - numbers[0]) / Double(numbers[2])).rounded(.up))
    let integers = (0..<count).map { numbers[0] + $0 * numbers[2] }
    return .constants([try Tensor(type: start.type, dimensions: [count], integers: integers)])
  }

  private static func count(_ count: Double) throws(GraphError) -> Int {
    guard count.isFinite, count <= Double(Select.limit) else { throw .overflow }
    return Int(max(0, count))
  }
}
