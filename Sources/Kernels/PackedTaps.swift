// Weights of a depthwise convolution of bytes, packed for instructions that multiply several taps at once.

internal import KernelTemplates

/// The weights of blocks of channels, as `ByteTapWeights` has them.
///
/// A whole output row of a convolution with stride 1 is one run of bytes in which channels repeat: block i of it begins at channel
/// (i · block) mod channels, so that no vector is partly filled, whatever the number of channels.
struct PackedTaps: Sendable {
  /// Channels of a block.
  let block: Int
  let taps: Int
  private let layout: ByteTapLayout
  /// Of taps.
  private let groups: Int
  private let channels: Int
  /// Blocks of a row until they begin at channel 0 again.
  private let period: Int
  /// The blocks behind those: what ends a row, and what ends a pixel.
  private var rowEnd: Int { period }
  private var pixelEnd: Int { period + 1 }
  private let weights: TypedBuffer<Int8>
  private let start: TypedBuffer<Int32>
  private let multipliers: TypedBuffer<Float>
  private let kernel: @Sendable (ByteTapRow, ByteTapWeights) -> Void

  /// Nil where the instruction set has no such kernel, where weights minus their zero points do not fit in signed bytes, or where a row or pixel has
  /// fewer channels than a block.
  ///
  /// - Parameter start: (channels)
  init?(_ layer: QuantizedLayer, start: UnsafePointer<Int32>) {
    let shape = layer.shape
    guard let kernel = layer.kernels.tapRow, case .bytes = layer.result,
      layer.weights.fitsBytes(outputs: shape.outChannels)
    else { return nil }
    self.kernel = kernel
    block = layer.kernels.tapBlock
    channels = shape.outChannels
    taps = shape.kernelHeight * shape.kernelWidth
    layout = layer.kernels.tapLayout
    groups = (taps + layout.taps - 1) / layout.taps
    let rowCount = shape.outWidth * channels
    guard (shape.strideWidth == 1 ? rowCount : channels) >= block else { return nil }
    period = channels / greatestCommonDivisor(channels, block)
    let blocks = period + 2
    weights = TypedBuffer(repeating: 0, count: blocks * groups * 4 * block)
    self.start = TypedBuffer(count: blocks * block)
    multipliers = TypedBuffer(count: blocks * block)
    for index in 0..<period { fill(index, from: index * block, layer, start) }
    fill(rowEnd, from: max(0, rowCount - block), layer, start)
    fill(pixelEnd, from: max(0, channels - block), layer, start)
  }

  /// Packs the block that begins at `first`, counted through the channels of a row.
  private func fill(_ index: Int, from first: Int, _ layer: QuantizedLayer, _ start: UnsafePointer<Int32>) {
    let width = block / 4
    for lane in 0..<block {
      let channel = (first + lane) % channels
      // Vector v, lane 4i + j is channel 16i + 4v + j.
      let at = index * block + lane % 16 / 4 * width + lane / 16 * 4 + lane % 4
      multipliers.start[at] = layer.multipliers[channel]
      var sum: Int32 = 0
      for tap in 0..<taps {
        let (group, position) = tap.quotientAndRemainder(dividingBy: layout.taps)
        let to = weights.start + (index * groups + group) * 4 * block
        let value = Int8(layer.weights.value(channel, 0, tap))
        sum &+= Int32(value)
        switch layout {
        case .quads: to[(at - index * block) * 4 + position] = value
        case .pairs:
          let half = to + lane % 16 / 8 * 2 * block + lane / 16 * 16 + lane % 8 * 2 + position
          let low = (value &+ 8) & 15 - 8
          half[0] = low
          half[block] = Int8((Int(value) - Int(low)) / 16)
        }
      }
      self.start.start[at] = start[channel] &+ layer.kernels.rowOffset &* sum
    }
  }

  /// Whether the pixels of `row` are one run, contiguous in input and output.
  private func isRun(_ row: ByteWindowRow) -> Bool {
    row.strideWidth == 1 && row.inputStride == channels && row.outputStride == channels
  }

  /// Whether `row` is one run, or its pixels are large enough to be computed one by one.
  func applies(to row: ByteWindowRow) -> Bool { isRun(row) || channels >= block }

  /// One output row.
  ///
  /// - Parameters:
  ///   - row: its windows, which need no padding.
  ///   - range: of the output.
  func run(_ row: ByteWindowRow, _ range: ByteRange) {
    let isRun = isRun(row)
    let count = isRun ? row.outWidth * channels : channels
    let blocks = (count + block - 1) / block
    let lastBlock = count % block == 0 ? (blocks - 1) % period : isRun ? rowEnd : pixelEnd
    withUnsafeTemporaryAllocation(of: UnsafePointer<UInt8>.self, capacity: layout.taps * groups) { pointers in
      let pointers = pointers.baseAddress!
      for tap in 0..<layout.taps * groups {
        let (y, x) = min(tap, taps - 1).quotientAndRemainder(dividingBy: row.kernelWidth)
        pointers[tap] = row.input + y * row.rowStep + x * row.dilationWidth * row.inputStride
      }
      kernel(
        ByteTapRow(
          taps: pointers, inputStride: row.strideWidth * row.inputStride, pixels: isRun ? 1 : row.outWidth,
          count: count, period: period, lastBlock: lastBlock, output: row.output, outputStride: row.outputStride,
          range: range),
        ByteTapWeights(
          groups: groups, weights: UnsafePointer(weights.start), start: UnsafePointer(start.start),
          multipliers: UnsafePointer(multipliers.start)))
    }
  }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : greatestCommonDivisor(b, a % b) }
