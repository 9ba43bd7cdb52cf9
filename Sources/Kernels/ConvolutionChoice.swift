// Which algorithm computes a convolution: the cheapest by a model of the machine.

/// The algorithms there are.
enum ConvolutionChoice: Hashable {
  case indirect, depthwise, channelwise, winogradTwo, winogradFour
  /// The one that does not multiply in float32.
  case bfloat16

  /// Those in float32.
  static let float32: [ConvolutionChoice] = [.indirect, .depthwise, .channelwise, .winogradTwo, .winogradFour]

  /// Whether the algorithm can compute `shape` at all, with vectors of `width` floats and, of bfloat16, `bfloat16Group` elements a step;
  /// nil for none.
  func applies(to shape: ConvolutionShape, width: Int, bfloat16Group: Int? = nil) -> Bool {
    switch self {
    case .indirect: true
    case .bfloat16: bfloat16Group.map { BFloat16Convolution.applies(to: shape, depthGroup: $0) } ?? false
    case .channelwise: ChannelwiseConvolution.applies(to: shape, width: width)
    case .depthwise: shape.groups > 1 && shape.groups == shape.inChannels && shape.groups == shape.outChannels
    case .winogradTwo, .winogradFour: WinogradTiles.apply(to: shape)
    }
  }

  /// The algorithm for `shape` with vectors of `width` floats.
  ///
  /// - Parameter bfloat16Group: `BFloat16Kernels.depthGroup` where products may be in bfloat16, else nil.
  ///
  /// Nothing else decides: algorithms round differently, and a result must have the same bits for any number of threads and any
  /// batch. The model is of one image on one thread, as each image of a stream is computed.
  static func best(_ shape: ConvolutionShape, width: Int, bfloat16Group: Int? = nil) -> ConvolutionChoice {
    if channelwise.applies(to: shape, width: width) { return .channelwise }
    if depthwise.applies(to: shape, width: width) { return .depthwise }
    let possible = [indirect, winogradTwo, winogradFour, bfloat16].filter {
      $0.applies(to: shape, width: width, bfloat16Group: bfloat16Group)
    }
    func cycles(_ choice: ConvolutionChoice) -> Double { choice.cycles(shape, width, bfloat16Group ?? 1) }
    return possible.min { cycles($0) < cycles($1) } ?? .indirect
  }

  /// Cycles, modelled: two multiply-adds of a vector a cycle, or the time to read the weights from memory if that is longer; and
  /// a charge for the memory that the weights occupy, which are packed at every start and held as long as the network.
  private func cycles(_ shape: ConvolutionShape, _ width: Int, _ bfloat16Group: Int) -> Double {
    let bytesPerCycle = 8.0
    let cyclesPerByteHeld = 0.05
    let inputs = Double(shape.inChannels)
    let outputs = Double(shape.outChannels)
    let vector = Double(width)
    let weights = Double(shape.outChannels * shape.groupInputs * shape.kernelHeight * shape.kernelWidth)
    func cost(_ arithmetic: Double, bytes: Double) -> Double {
      max(arithmetic, bytes / bytesPerCycle) + bytes * cyclesPerByteHeld
    }
    /// `side` outputs a side; cycles to transform a vector of channels of one tile in and out; and how much longer than at full
    /// speed the products take, being small.
    func winograd(_ side: Int, transforms: Double, slowness: Double) -> Double {
      let geometry = WinogradTiles(shape, outputs: side)
      let (tiles, elements) = (Double(geometry.perImage), Double(geometry.elements))
      let products = tiles * elements * inputs * outputs / (2 * vector) * slowness
      return cost(products + tiles * (inputs + outputs) / vector * transforms, bytes: 4 * elements * inputs * outputs)
    }
    switch self {
    case .winogradTwo: return winograd(2, transforms: 45, slowness: 1.08)
    case .winogradFour: return winograd(4, transforms: 110, slowness: 1.15)
    case .indirect, .depthwise, .channelwise:
      return cost(Double(shape.multiplyAdds) / (2 * vector), bytes: 4 * weights)
    case .bfloat16:
      // `bfloat16Group` multiply-adds a lane; and each vector of the input is converted.
      let converted = Double(shape.inHeight * shape.inWidth * shape.inChannels)
      let products = Double(shape.multiplyAdds) / (2 * vector * Double(bfloat16Group))
      return cost(products + converted / vector * 4, bytes: 2 * weights)
    }
  }
}
