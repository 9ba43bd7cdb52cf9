// Parses an einsum equation and maps it to a batched matrix product.

internal import Kernels

/// Einsum of one or two tensors: labels in both operands and the result are batches, labels in both operands alone are
/// summed over as in a matrix product. No label twice in one operand, no ellipsis.
package struct Einsum: Operator, Computation {
  package let name = "Einsum"
  private let operandLabels: [[Character]]
  private let resultLabels: [Character]

  /// Throws `.unsupported` for what the grammar above does not have.
  package init(_ equation: String) throws(GraphError) {
    let parts = equation.filter { $0 != " " }.split(separator: ">", omittingEmptySubsequences: false)
    let left = parts[0].hasSuffix("-") ? parts[0].dropLast() : parts[0]
    operandLabels = left.split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
    let all = operandLabels.flatMap { $0 }
    // Without a result the labels that occur once, in alphabetical order.
    resultLabels =
      parts.count == 2 ? Array(parts[1]) : Set(all).filter { label in all.count { $0 == label } == 1 }.sorted()
    guard parts.count <= 2, (1...2).contains(operandLabels.count), all.allSatisfy(\.isLetter),
      (operandLabels + [resultLabels]).allSatisfy({ Set($0).count == $0.count }), Set(resultLabels).isSubset(of: all)
    else { throw .unsupported("the equation \(equation)") }
    if operandLabels.count == 2 {
      let summed = Set(all).subtracting(resultLabels)
      guard operandLabels.allSatisfy({ summed.isSubset(of: $0) }) else {
        throw .unsupported("a sum over one operand of two: the equation \(equation)")
      }
    }
  }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    guard operands.count == operandLabels.count else { throw .tooManyOperands(operands.count) }
    var (sizes, shapes): ([Character: Extent], [Shape]) = ([:], [])
    for (position, labels) in operandLabels.enumerated() {
      let shape = try operands.activation(position)
      guard shape.rank == labels.count else { throw .rank(shape.rank) }
      shapes.append(shape)
      for (label, extent) in zip(labels, shape.extents) {
        guard sizes.updateValue(extent, forKey: label) ?? extent == extent else { throw .shapes(shapes) }
      }
    }
    // The batch may only be the first axis of everything that has it.
    for (label, extent) in sizes where extent.isBatched && resultLabels.first != label { throw .dynamicShape }
    let shape = try Shape(resultLabels.map { sizes[$0] ?? Extent(1) })
    return operands.computed(self, reads: Array(shapes.indices), shapes: [shape])
  }

  package func multiplyAdds(_ inputs: [Shape], _ outputs: [Shape]) -> Int {
    let summed = zip(operandLabels[0], inputs[0].dimensions).filter { !resultLabels.contains($0.0) }
    return outputs[0].count * summed.map(\.1).reduce(1, *)
  }

  package func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (a, target) = (context.inputs[0], context.outputs[0])
    let b = context.inputs.count > 1 ? context.inputs[1] : nil
    let (leftLabels, rightLabels) = (operandLabels[0], b == nil ? [] : operandLabels[1])
    var sizes: [Character: Int] = [:]
    for (label, size) in zip(leftLabels, a.dimensions) { sizes[label] = size }
    for (label, size) in zip(rightLabels, b?.dimensions ?? []) { sizes[label] = size }
    let batch = resultLabels.filter { leftLabels.contains($0) && rightLabels.contains($0) }
    let rows = resultLabels.filter { leftLabels.contains($0) && !rightLabels.contains($0) }
    let columns = resultLabels.filter { !leftLabels.contains($0) }
    let depth = leftLabels.filter { !resultLabels.contains($0) }
    func view(_ labels: [Character], of source: [Character], _ dimensions: [Int]) -> StridedView {
      let strides = rowMajorStrides(dimensions)
      return StridedView(
        dimensions: labels.map { sizes[$0] ?? 1 },
        strides: labels.map { label in source.firstIndex(of: label).map { strides[$0] } ?? 0 })
    }
    func count(_ labels: [Character]) -> Int { labels.reduce(1) { $0 * (sizes[$1] ?? 1) } }
    let (groups, m, k, n) = (count(batch), count(rows), count(depth), count(columns))
    let left = view(batch + rows + depth, of: leftLabels, a.dimensions)
    let right = view(batch + depth + columns, of: rightLabels, b?.dimensions ?? [])
    let result = view(batch + rows + columns, of: resultLabels, target.dimensions)
    let (leftCount, rightCount, resultCount) = (groups * m * k, groups * k * n, groups * m * n)
    return Kernel("OpenBLAS", scratchBytes: 4 * (leftCount + rightCount + resultCount)) { run in
      let x = unsafe run.scratch.assumingMemoryBound(to: Float.self)
      let (y, z) = unsafe (x + leftCount, x + leftCount + rightCount)
      for item in 0..<run.items(target) {
        let from = unsafe run.read(a) + (a.isBatched ? item * a.count : 0)
        left.visit { unsafe x[$0] = from[$1] }
        if let b {
          let from = unsafe run.read(b) + (b.isBatched ? item * b.count : 0)
          right.visit { unsafe y[$0] = from[$1] }
        } else {
          unsafe y.update(repeating: 1, count: rightCount)
        }
        for group in 0..<groups {
          unsafe matrixMultiply(
            m: m, n: n, k: k, a: x + group * m * k, lda: max(k, 1), transposeA: false, b: y + group * k * n, ldb: n,
            transposeB: false, c: z + group * m * n, ldc: n)
        }
        let to = unsafe run.write(target) + item * target.count
        result.visit { unsafe to[$1] = z[$0] }
      }
    }
  }
}
