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

  /// Cycles, modelled, of one image on one thread: products of 8-bit and of 16-bit integers take the same time, or the time to read the weights from
  /// memory if that is longer; and a charge for the memory that the weights occupy, as in `ConvolutionChoice`.
  private func cycles(_ layer: QuantizedLayer) -> Double {
    let bytesPerCycle = 8.0
    let cyclesPerByteHeld = 0.05
    let shape = layer.shape
    let vector = Double(layer.kernels.panelWidth) / 2
    let productsPerCycle = 3.1 * vector
    let (inputs, outputs) = (Double(shape.inChannels), Double(shape.outChannels))
    func cost(_ arithmetic: Double, bytes: Double) -> Double {
      max(arithmetic, bytes / bytesPerCycle) + bytes * cyclesPerByteHeld
    }
    /// `side` outputs a side; cycles to transform a vector of channels of one tile in and out; and how much longer than at full speed the
    /// products take, being small.
    func winograd(_ side: Int, transforms: Double, slowness: Double) -> Double {
      let geometry = WinogradTiles(shape, outputs: side)
      let (tiles, elements) = (Double(geometry.perImage), Double(geometry.elements))
      let products = tiles * elements * inputs * outputs / productsPerCycle * slowness
      return cost(products + tiles * (inputs + outputs) / vector * transforms, bytes: 2 * elements * inputs * outputs)
    }
    switch self {
    case .winogradTwo: return winograd(2, transforms: 45, slowness: 1.08)
    case .winogradFour: return winograd(4, transforms: 110, slowness: 1.15)
    case .indirect, .depthwise:
      return cost(Double(shape.multiplyAdds) / productsPerCycle, bytes: 1.4 * 9 * inputs * outputs)
    }
  }
}
