// Reductions over any set of axes, in float32 or in the integer type of the operand.

internal import Elements
internal import Glibc
internal import Kernels

/// One number of all elements along some axes.
package struct Reduction: Computation {
  package enum Kind: String, Sendable {
    case sum = "ReduceSum"
    case mean = "ReduceMean"
    case maximum = "ReduceMax"
    case minimum = "ReduceMin"
    case product = "ReduceProd"
    /// Σ |x|
    case absoluteSum = "ReduceL1"
    /// √Σ x²
    case norm = "ReduceL2"
    case squareSum = "ReduceSumSquare"
    case logSum = "ReduceLogSum"
    case logSumExponential = "ReduceLogSumExp"

    /// ONNX has sums, products and means of integers of 32 and 64 bits alone: narrower ones would overflow.
    func takes(_ type: ElementType) -> Bool {
      if type.isFloating { return true }
      switch self {
      case .maximum, .minimum: return type != .bool
      case .sum, .mean, .product: return type != .bool && type.byteCount >= 4
      case .absoluteSum, .norm, .squareSum, .logSum, .logSumExponential: return false
      }
    }
    /// Whether a single element is its own result.
    var keepsSingleValues: Bool {
      switch self {
      case .sum, .mean, .maximum, .minimum, .product, .logSumExponential: true
      case .absoluteSum, .norm, .squareSum, .logSum: false
      }
    }
  }

  let kind: Kind
  /// In ascending order.
  let axes: [Int]
  let keepsDimensions: Bool

  package var name: String { kind.rawValue }
  package var layoutRule: LayoutRule { keepsDimensions ? .either : .rowMajor }

  package func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    let geometry = Geometry(source, target, axes.map(context.layout.position).sorted())
    if let type = source.element.integerType { return integerKernel(type, geometry, source, target) }
    let kind = kind
    return Kernel { run in
      let (input, output) = unsafe (run.read(source), run.write(target))
      let rows = geometry.starts.count
      rowsInRuns(rows * run.items(source), width: geometry.reduced.count * geometry.run, pool: run.pool) { range in
        for index in range {
          let (item, row) = index.quotientAndRemainder(dividingBy: rows)
          let from = unsafe input + item * source.count + geometry.starts[row]
          let to = unsafe output + item * target.count + row * geometry.run
          if geometry.run == 1 {
            unsafe to[0] = kind.reduce(from, geometry.reduced, isContiguous: geometry.isContiguous)
          } else {
            unsafe kind.reduce(from, geometry.reduced, run: geometry.run, to)
          }
        }
      }
    }
  }

  private func integerKernel<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ type: T.Type, _ geometry: Geometry, _ source: BufferView, _ target: BufferView
  ) -> Kernel {
    let kind = kind
    return Kernel { run in
      let (input, output) = unsafe (run.read(source, as: type), run.write(target, as: type))
      for item in 0..<run.items(source) {
        for (row, start) in geometry.starts.enumerated() {
          for column in 0..<geometry.run {
            let from = unsafe input + item * source.count + start + column
            var value = unsafe from[geometry.reduced[0]]
            for offset in geometry.reduced.dropFirst() {
              let next = unsafe from[offset]
              switch kind {
              case .maximum: value = max(value, next)
              case .minimum: value = min(value, next)
              case .product: value = value &* next
              default: value = value &+ next
              }
            }
            if kind == .mean { value /= T(truncatingIfNeeded: geometry.reduced.count) }
            unsafe output[item * target.count + row * geometry.run + column] = value
          }
        }
      }
    }
  }
}

/// Where the elements of each sum are, in one item.
private struct Geometry: Sendable {
  /// Offsets of the first element of every run of kept elements.
  let starts: [Int]
  /// Offsets, from there, of the elements of one sum.
  let reduced: [Int]
  /// Kept elements that follow one another.
  let run: Int
  let isContiguous: Bool

  init(_ source: BufferView, _ target: BufferView, _ axes: [Int]) {
    let strides = rowMajorStrides(source.dimensions)
    let kept = source.dimensions.indices.filter { !axes.contains($0) }
    // Kept axes behind the last reduced one are a run.
    let inner = kept.filter { $0 > axes.last ?? -1 }
    run = inner.reduce(1) { $0 * source.dimensions[$1] }
    let outer = kept.filter { !inner.contains($0) }
    starts = StridedView(dimensions: outer.map { source.dimensions[$0] }, strides: outer.map { strides[$0] }).positions
    reduced = StridedView(dimensions: axes.map { source.dimensions[$0] }, strides: axes.map { strides[$0] }).positions
    isContiguous = reduced.last == reduced.count - 1
  }
}

extension Reduction.Kind {
  /// One sum.
  fileprivate func reduce(_ input: UnsafePointer<Float>, _ offsets: [Int], isContiguous: Bool) -> Float {
    let count = Float(offsets.count)
    if isContiguous {
      switch self {
      case .sum: return unsafe sums(count: offsets.count, input).sum
      case .mean: return unsafe sums(count: offsets.count, input).sum / count
      case .squareSum: return unsafe sums(count: offsets.count, input).squares
      case .norm: return unsafe sums(count: offsets.count, input).squares.squareRoot()
      default: break
      }
    }
    var total = start
    for offset in offsets { total = unsafe step(total, Double(input[offset])) }
    if self != .logSumExponential { return Float(finish(total, offsets.count)) }
    // With the largest taken out first, nothing overflows.
    let largest = offsets.map { unsafe input[$0] }.max() ?? 0
    guard largest.isFinite else { return largest }
    let sum = offsets.reduce(0.0) { unsafe $0 + exp(Double(input[$1] - largest)) }
    return Float(Double(largest) + log(sum))
  }

  /// As many sums as `run` has elements, side by side.
  fileprivate func reduce(
    _ input: UnsafePointer<Float>, _ offsets: [Int], run: Int, _ output: UnsafeMutablePointer<Float>
  ) {
    switch self {
    case .sum, .mean, .maximum, .minimum:
      unsafe output.update(from: input + offsets[0], count: run)
      for offset in offsets.dropFirst() {
        let row = unsafe input + offset
        switch self {
        case .maximum: for i in 0..<run { unsafe output[i] = row[i] > output[i] || row[i].isNaN ? row[i] : output[i] }
        case .minimum: for i in 0..<run { unsafe output[i] = row[i] < output[i] || row[i].isNaN ? row[i] : output[i] }
        default: for i in 0..<run { unsafe output[i] += row[i] }
        }
      }
      if self == .mean {
        let factor = 1 / Float(offsets.count)
        for i in 0..<run { unsafe output[i] *= factor }
      }
    case .norm, .squareSum:
      unsafe output.update(repeating: 0, count: run)
      for offset in offsets {
        let row = unsafe input + offset
        for i in 0..<run { unsafe output[i] += row[i] * row[i] }
      }
      if self == .norm { for i in 0..<run { unsafe output[i] = output[i].squareRoot() } }
    default:
      for i in 0..<run { unsafe output[i] = reduce(input + i, offsets, isContiguous: false) }
    }
  }

  private var start: Double {
    switch self {
    case .maximum: -.infinity
    case .minimum: .infinity
    case .product: 1
    default: 0
    }
  }

  private func step(_ total: Double, _ x: Double) -> Double {
    switch self {
    case .sum, .mean, .logSum: total + x
    case .maximum: x > total || x.isNaN ? x : total
    case .minimum: x < total || x.isNaN ? x : total
    case .product: total * x
    case .absoluteSum: total + x.magnitude
    case .norm, .squareSum: total + x * x
    case .logSumExponential: total
    }
  }

  private func finish(_ total: Double, _ count: Int) -> Double {
    switch self {
    case .mean: total / Double(count)
    case .norm: total.squareRoot()
    case .logSum: log(total)
    default: total
    }
  }
}
