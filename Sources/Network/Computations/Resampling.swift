// Separable resampling for Resize and Upsample: filter taps per output position, one pass per resized axis.

internal import Glibc
internal import Kernels

/// Which elements along an axis an output element is the weighted sum of.
struct Taps: Sendable {
  struct Tap: Sendable {
    let position: Int
    let weight: Float
  }

  /// Per output position.
  let outputs: [[Tap]]

  init(_ resize: Resize, from: Int, to: Int, scale: Float) {
    outputs = (0..<to).map { output in
      let position = Taps.position(resize.coordinates, output, from: from, to: to, scale: scale)
      switch resize.mode {
      case .nearest:
        return [Tap(position: min(max(Taps.rounded(position, resize.rounding), 0), from - 1), weight: 1)]
      case .linear:
        return Taps.taps(resize, around: position, from: from, scale: scale, reach: 1) { max(0, 1 - $0.magnitude) }
      case .cubic:
        return Taps.taps(resize, around: position, from: from, scale: scale, reach: 2) {
          Taps.cubic($0.magnitude, resize.cubicCoefficient)
        }
      }
    }
  }

  private static func position(
    _ kind: Resize.Coordinates, _ output: Int, from: Int, to: Int, scale: Float
  ) -> Float {
    let x = Float(output)
    switch kind {
    case .halfPixel: return (x + 0.5) / scale - 0.5
    case .symmetricHalfPixel:
      let adjustment = Float(to) / (scale * Float(from))
      return Float(from) / 2 * (1 - adjustment) + (x + 0.5) / scale - 0.5
    case .pytorchHalfPixel: return to > 1 ? (x + 0.5) / scale - 0.5 : 0
    case .alignCorners:
      let length = Float(from) * scale
      return length > 1 ? x * Float(from - 1) / (length - 1) : 0
    case .asymmetric: return x / scale
    }
  }

  private static func rounded(_ position: Float, _ rounding: Resize.Rounding) -> Int {
    switch rounding {
    case .preferFloor: Int((position - 0.5).rounded(.up))
    case .preferCeiling: Int((position + 0.5).rounded(.down))
    case .floor: Int(position.rounded(.down))
    case .ceiling: Int(position.rounded(.up))
    }
  }

  /// The elements within `reach` of `position`, wider where the result is smaller and the filter follows. Positions outside
  /// take the nearest element, or are left out.
  private static func taps(
    _ resize: Resize, around position: Float, from: Int, scale: Float, reach: Float, _ weight: (Float) -> Float
  ) -> [Tap] {
    let factor = resize.antialiases ? min(scale, 1) : 1
    let first = Int((position - reach / factor).rounded(.down))
    let last = Int((position + reach / factor).rounded(.up))
    var weights: [Int: Float] = [:]
    for element in first...last {
      let value = weight((Float(element) - position) * factor)
      let isInside = element >= 0 && element < from
      if value == 0 || !isInside && resize.excludesOutside { continue }
      weights[min(max(element, 0), from - 1), default: 0] += value
    }
    let total = weights.values.reduce(0, +)
    return weights.sorted { $0.key < $1.key }.map { Tap(position: $0.key, weight: $0.value / total) }
  }

  /// Keys' cubic convolution (1981).
  private static func cubic(_ x: Float, _ a: Float) -> Float {
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    if x < 2 { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
    return 0
  }
}

/// A tensor resampled along some axes, one after another.
struct Resampling: Computation {
  let name = "Resize"
  /// Per axis; nil keeps it.
  let taps: [Taps?]

  var layoutRule: LayoutRule { .either }

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    let taps = context.layout.stored(taps)
    var (dimensions, steps): ([Int], [(outer: Int, from: Int, inner: Int, taps: Taps)]) = (source.dimensions, [])
    // What makes the tensor smaller comes first.
    let order = taps.indices.filter { taps[$0] != nil }.sorted {
      target.dimensions[$0] * source.dimensions[$1] < target.dimensions[$1] * source.dimensions[$0]
    }
    var largest = 0
    for axis in order {
      guard let axisTaps = taps[axis] else { continue }
      let outer = dimensions[..<axis].reduce(1, *)
      let inner = dimensions[(axis + 1)...].reduce(1, *)
      steps.append((outer, dimensions[axis], inner, axisTaps))
      dimensions[axis] = target.dimensions[axis]
      largest = max(largest, dimensions.reduce(1, *))
    }
    return Kernel(scratchBytes: steps.count > 1 ? 8 * largest : 0) { [steps, largest] run in
      let scratch = unsafe run.scratch.assumingMemoryBound(to: Float.self)
      for item in 0..<run.items(source) {
        var input = unsafe run.read(source) + item * source.count
        for (index, step) in steps.enumerated() {
          let isLast = index == steps.count - 1
          let output = unsafe isLast ? run.write(target) + item * target.count : scratch + index % 2 * largest
          let size = step.taps.outputs.count
          let from = unsafe input
          rowsInRuns(step.outer * size, width: step.inner, pool: run.pool) { rows in
            for row in rows {
              let (block, position) = row.quotientAndRemainder(dividingBy: size)
              let (start, to) = unsafe (from + block * step.from * step.inner, output + row * step.inner)
              unsafe to.update(repeating: 0, count: step.inner)
              for tap in step.taps.outputs[position] {
                let line = unsafe start + tap.position * step.inner
                for i in 0..<step.inner { unsafe to[i] += line[i] * tap.weight }
              }
            }
          }
          unsafe input = UnsafePointer(output)
        }
      }
    }
  }
}
