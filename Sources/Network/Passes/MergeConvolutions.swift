// Makes one convolution of parallel ones whose results are added, as networks with branches for training are exported.

internal import Kernels

/// conv(x, V) + conv(x, W) = conv(x, V + W): two convolutions of one value with the same strides and groups, of which the smaller
/// kernel's taps are taps of the larger, become one that costs as much as the larger alone. A scale and shift per channel of the same
/// value is a convolution with a kernel of 1×1. Only where nothing else reads the two results.
extension Graph {
  mutating func mergeConvolutions() {
    while let (index, merged, source) = nextMerge() {
      nodes[index].computation = merged
      nodes[index].inputs = [source]
      removeUnused()
    }
  }

  /// An addition of two parallel convolutions, the convolution that replaces all three, and what it reads.
  private func nextMerge() -> (node: Int, merged: Convolution, source: ValueID)? {
    let uses = Uses(self)
    for index in nodes.indices {
      guard let sum = nodes[index].computation as? Arithmetic, sum.kind == .add, sum.activation == .none,
        case let a = nodes[index].inputs[0], case let b = nodes[index].inputs[1], shape(a) == shape(b),
        let first = uses.writer(of: a), let second = uses.writer(of: b), first != second,
        uses.onlyReader(of: a) == index, uses.onlyReader(of: b) == index,
        let source = nodes[first].inputs.first, source == nodes[second].inputs.first, shape(source).rank == 4
      else { continue }
      let (left, right) = (nodes[first].computation, nodes[second].computation)
      guard let larger = left as? Convolution ?? right as? Convolution else { continue }
      guard let left = branch(left, like: larger, over: source), let right = branch(right, like: larger, over: source),
        let merged = left.merged(with: right) ?? right.merged(with: left)
      else { continue }
      return (index, merged.convolution, source)
    }
    return nil
  }

  /// A branch as a convolution at known padding, without anything after its bias.
  private func branch(_ computation: any Computation, like other: Convolution, over source: ValueID) -> ParallelBranch?
  {
    let input = shape(source)
    if let affine = computation as? ScaleShift {
      guard affine.activation == .none, other.outputs == input.dimensions[1], other.window.strides.isOne,
        let convolution = affine.asConvolution(groups: other.groups)
      else { return nil }
      return ParallelBranch(convolution, over: input)
    }
    guard let convolution = computation as? Convolution, convolution.activation == .none, !convolution.addsResidual,
      convolution.weights.quantized == nil
    else { return nil }
    return ParallelBranch(convolution, over: input)
  }
}

extension ScaleShift {
  /// The same numbers by a convolution with a kernel of 1×1.
  fileprivate func asConvolution(groups: Int) -> Convolution? {
    let (channels, width) = (scale.count, scale.count / groups)
    var weights = [Float](repeating: 0, count: channels * width)
    for channel in 0..<channels { weights[channel * width + channel % width] = scale[channel] }
    guard let tensor = try? Tensor(dimensions: [channels, width, 1, 1], floats: weights),
      let window = try? Window(kernel: nil, strides: .init(1, 1), dilations: .init(1, 1), padding: .none)
    else { return nil }
    return Convolution(window: window, groups: groups, weights: tensor, bias: shift)
  }
}

/// A convolution and where its taps are.
private struct ParallelBranch {
  let convolution: Convolution
  let rows: AxisWindow
  let columns: AxisWindow

  init?(_ convolution: Convolution, over input: Shape) {
    let kernel = Window.Size(convolution.weights.dimensions[2], convolution.weights.dimensions[3])
    guard
      let placed = try? convolution.window.placed(
        over: .init(input.dimensions[2], input.dimensions[3]), kernel: kernel)
    else { return nil }
    (self.convolution, rows, columns) = (convolution, placed.rows, placed.columns)
  }

  /// This branch with the other's weights and bias added, if the other's taps are among this one's.
  func merged(with other: ParallelBranch) -> ParallelBranch? {
    guard convolution.groups == other.convolution.groups, convolution.outputs == other.convolution.outputs,
      let top = rows.offset(of: other.rows), let left = columns.offset(of: other.columns),
      var weights = convolution.plainWeights(), let added = other.convolution.plainWeights()
    else { return nil }
    let (height, width) = (other.rows.kernel, other.columns.kernel)
    for plane in 0..<weights.count / (rows.kernel * columns.kernel) {
      for row in 0..<height {
        for column in 0..<width {
          weights[(plane * rows.kernel + top + row) * columns.kernel + left + column] +=
            added[(plane * height + row) * width + column]
        }
      }
    }
    guard let tensor = try? Tensor(dimensions: convolution.weights.dimensions, floats: weights) else { return nil }
    let bias = convolution.bias.map { bias in other.convolution.bias.map { zip(bias, $0).map(+) } ?? bias }
    return ParallelBranch(
      Convolution(
        window: convolution.window, groups: convolution.groups, weights: tensor, bias: bias ?? other.convolution.bias),
      rows, columns)
  }

  private init(_ convolution: Convolution, _ rows: AxisWindow, _ columns: AxisWindow) {
    (self.convolution, self.rows, self.columns) = (convolution, rows, columns)
  }
}

extension AxisWindow {
  /// Which of this window's taps is the first of another's with the same positions; nil where not all of the other's are among them.
  fileprivate func offset(of other: AxisWindow) -> Int? {
    guard stride == other.stride, output == other.output, dilation == other.dilation || other.kernel == 1 else {
      return nil
    }
    let (offset, rest) = (before - other.before).quotientAndRemainder(dividingBy: dilation)
    return rest == 0 && offset >= 0 && offset + other.kernel <= kernel ? offset : nil
  }
}

extension Convolution {
  /// The weights with the scale of each output channel taken in.
  fileprivate func plainWeights() -> [Float]? {
    guard var plain = try? weights.floats else { return nil }
    guard let scale else { return plain }
    let size = plain.count / scale.count
    for index in plain.indices { plain[index] *= scale[index / size] }
    return plain
  }
}
