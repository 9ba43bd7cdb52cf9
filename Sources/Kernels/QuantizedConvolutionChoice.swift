// Which algorithm computes a convolution of bytes: the cheapest by a model of the machine.

internal import KernelTemplates

/// The algorithms there are. All of them give the same bytes.
enum QuantizedConvolutionChoice: Hashable {
  case indirect, depthwise, winogradTwo, winogradFour

  /// Whether the algorithm can compute `layer`, whatever its weights.
  func applies(to layer: QuantizedLayer) -> Bool {
    switch self {
    case .indirect: return true
    case .depthwise: return QuantizedDepthwise.applies(to: layer)
    case .winogradTwo, .winogradFour:
      guard let kernels = layer.kernels.winograd, layer.weights.fitsBytes(outputs: layer.shape.outChannels) else {
        return false
      }
      return WinogradTiles.apply(to: layer.shape) && layer.shape.inChannels >= kernels.fewestChannels
    }
  }

  static func best(for layer: QuantizedLayer) -> QuantizedConvolutionChoice {
    if depthwise.applies(to: layer) { return .depthwise }
    let possible = [indirect, winogradTwo, winogradFour].filter { $0.applies(to: layer) }
    return possible.min { $0.cycles(layer) < $1.cycles(layer) } ?? .indirect
  }

  /// The algorithm with packed weights. Where F(4×4) is not exact for these weights it is F(2×2); where that is not, the direct product.
  func algorithm(_ layer: QuantizedLayer, maxBatch: Int, pool: ThreadPool) -> any QuantizedConvolutionAlgorithm {
    if self == .depthwise { return QuantizedDepthwise(layer, maxBatch: maxBatch, pool: pool) }
    if self != .indirect, let kernels = layer.kernels.winograd {
      let sums = (0..<layer.shape.outChannels).map {
        layer.weights.signedSums($0, inputs: layer.shape.inChannels, taps: 9)
      }
      for outputs in self == .winogradFour ? [4, 2] : [2] {
        if let winograd = QuantizedWinograd(
          layer, outputs: outputs, sums: sums, maxBatch: maxBatch, kernels: kernels, pool: pool)
        {
          return winograd
        }
      }
    }
    return IndirectQuantizedConvolution(layer, maxBatch: maxBatch, pool: pool)
  }

  /// Cycles, modelled, of one image on one thread: products of 8-bit and of 16-bit integers take the same time. All algorithms hold the weights
  /// as bytes or little more. Fitted to measurements of 60 shapes on AVX2 and AVX-512, sides of 4 to 56, 16 to 512 channels.
  private func cycles(_ layer: QuantizedLayer) -> Double {
    let shape = layer.shape
    let vector = Double(layer.kernels.panelWidth) / 2
    let productsPerCycle = 3.1 * vector
    let (inputs, outputs) = (Double(shape.inChannels), Double(shape.outChannels))
    /// `side` outputs a side; cycles to transform a vector of channels of one tile in and out, and a vector of weights.
    func winograd(_ side: Int, transforms: Double, weights: Double) -> Double {
      let geometry = WinogradTiles(shape, outputs: side)
      let (tiles, elements) = (Double(geometry.perImage), Double(geometry.elements))
      let products = 1.08 * tiles * elements * inputs * outputs / productsPerCycle
      return products + tiles * (inputs + outputs) / vector * transforms + inputs * outputs / vector * weights
    }
    switch self {
    case .winogradTwo: return winograd(2, transforms: 22, weights: 10)
    case .winogradFour: return winograd(4, transforms: 75, weights: 32)
    case .indirect, .depthwise: return 1.05 * Double(shape.multiplyAdds) / productsPerCycle
    }
  }
}
