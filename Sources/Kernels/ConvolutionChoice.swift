// Which algorithm computes a convolution: the cheapest by a model of the machine.

/// The algorithms there are.
enum ConvolutionChoice: Hashable, CaseIterable {
  case indirect, depthwise, winogradTwo, winogradFour

  /// Whether the algorithm can compute `shape` at all.
  func applies(to shape: ConvolutionShape) -> Bool {
    switch self {
    case .indirect: true
    case .depthwise: shape.groups > 1 && shape.groups == shape.inChannels && shape.groups == shape.outChannels
    case .winogradTwo, .winogradFour:
      shape.groups == 1 && shape.kernelHeight == 3 && shape.kernelWidth == 3 && shape.strideHeight == 1
        && shape.strideWidth == 1 && shape.dilationHeight == 1 && shape.dilationWidth == 1
    }
  }

  /// The algorithm for `shape`, up to `batch` images at once on `threads` threads, vectors of `width` floats.
  static func best(_ shape: ConvolutionShape, batch: Int, threads: Int, width: Int) -> ConvolutionChoice {
    if depthwise.applies(to: shape) { return .depthwise }
    let possible = allCases.filter { $0 != .depthwise && $0.applies(to: shape) }
    return possible.min {
      $0.cycles(shape, batch, threads, width) < $1.cycles(shape, batch, threads, width)
    } ?? .indirect
  }

  /// Cycles, modelled: two multiply-adds of a vector a cycle and core, or the weights' way from memory if that takes longer.
  private func cycles(_ shape: ConvolutionShape, _ batch: Int, _ threads: Int, _ width: Int) -> Double {
    let bytesPerCycle = 6.0
    let inputs = Double(shape.inChannels)
    let outputs = Double(shape.outChannels)
    let vector = Double(width)
    func slower(_ arithmetic: Double, _ weights: Double) -> Double {
      max(arithmetic / Double(threads), 4 * weights / bytesPerCycle)
    }
    /// `side` outputs a side; cycles to transform a vector of channels of one tile in and out.
    func winograd(_ side: Int, transforms: Double) -> Double {
      let down = (shape.outHeight + side - 1) / side
      let across = (shape.outWidth + side - 1) / side
      let tiles = Double(batch * down * across)
      let elements = Double((side + 2) * (side + 2))
      let products = tiles * elements * inputs * outputs / (2 * vector)
      return slower(products + tiles * (inputs + outputs) / vector * transforms, elements * inputs * outputs)
    }
    switch self {
    case .winogradTwo: return winograd(2, transforms: 45)
    case .winogradFour: return winograd(4, transforms: 110)
    case .indirect, .depthwise:
      return slower(
        Double(batch * shape.multiplyAdds) / (2 * vector),
        Double(shape.multiplyAdds / (shape.outHeight * shape.outWidth)))
    }
  }
}
