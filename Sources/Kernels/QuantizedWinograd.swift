// 3×3 convolution of bytes, stride 1, by Winograd's minimal filtering in integers: operands of 16 bits, int32 sums that wrap, and the sums of the
// direct convolution as results.

internal import KernelTemplates

struct QuantizedWinograd: QuantizedConvolutionAlgorithm {
  let name: String
  private let maxBatch: Int
  private let product: WinogradProduct<ByteWinograd>

  /// Nil where the weights are such that sums might not be exact.
  ///
  /// - Parameter sums: of the weights of each output channel.
  init?(
    _ layer: QuantizedLayer, outputs: Int, sums: [SignedSums], maxBatch: Int, kernels: ByteWinogradTable,
    pool: ThreadPool
  ) {
    let bits = outputs == 2 ? IntegerWinogradTwo.resultBits : IntegerWinogradFour.resultBits
    guard sums.allSatisfy({ 255 * $0.largest < 1 << bits }) else { return nil }
    name = "int8 winograd \(outputs)x\(outputs)"
    self.maxBatch = maxBatch
    product = WinogradProduct(
      ByteWinograd(
        layer, tiles: WinogradTiles(layer.shape, outputs: outputs), sums: sums, kernels: kernels, pool: pool),
      maxBatch: maxBatch, threads: pool.threads)
  }

  var scratchBytes: Int { 64 + product.scratchBytes }

  func run(_ call: QuantizedCall) {
    precondition(call.batch <= maxBatch)
    product.run(call, batch: call.batch, scratch: call.scratch.alignedUp(toMultipleOf: 64), pool: call.pool)
  }
}

/// The stages in integers.
struct ByteWinograd: WinogradArithmetic {
  let tiles: WinogradTiles
  private let kernels: ByteWinogradTable
  private let result: ByteResult
  /// (panels, steps, taps, panelWidth, 2): transformed panel by panel at every run, which costs less than to read transformed weights from
  /// memory and leaves them a quarter of the size.
  private let packed: TypedBuffer<Int8>
  /// (panels, panelWidth): bias − input zero point · Σ weights, wrapping
  private let start: TypedBuffer<Int32>
  /// (panels, panelWidth)
  private let multipliers: TypedBuffer<Float>
  /// What makes a byte of the input a number of 0…255.
  private let flip: UInt8
  /// (inChannels) bytes that stand for 0.
  private let outside: TypedBuffer<UInt8>
  /// (panelWidth)
  private let zeros: TypedBuffer<Int32>

  init(
    _ layer: QuantizedLayer, tiles: WinogradTiles, sums: [SignedSums], kernels: ByteWinogradTable, pool: ThreadPool
  ) {
    self.tiles = tiles
    self.kernels = kernels
    result = layer.result
    flip = layer.input.input.flip
    let (shape, panelWidth) = (layer.shape, kernels.panelWidth)
    outside = TypedBuffer(repeating: layer.input.unsignedZero ^ flip, count: shape.inChannels)
    zeros = TypedBuffer(repeating: 0, count: panelWidth)
    let columns = (shape.outChannels + panelWidth - 1) / panelWidth * panelWidth
    start = TypedBuffer(repeating: 0, count: columns)
    multipliers = TypedBuffer(repeating: 1, count: columns)
    for channel in 0..<shape.outChannels {
      start.start[channel] = layer.start(channel, weightSum: sums[channel].total)
      multipliers.start[channel] = layer.multipliers[channel]
    }
    packed = packTaps(layer, panelWidth: panelWidth, pool: pool)
  }

  var tileRows: Int { kernels.tileRows }
  var panelWidth: Int { kernels.panelWidth }
  /// Of two input channels each.
  private var steps: Int { (tiles.shape.inChannels + 1) / 2 }
  /// So many that their transformed weights stay in L2 beside a block's transformed tiles.
  var depth: Int { max(16, Self.panelBudget / (2 * tiles.elements * panelWidth) / 16 * 16) }
  private static let panelBudget = 160 << 10
  /// 16-bit integers from element to element of a panel's transformed weights, padded by a cache line, so that the elements do not all fall on one
  /// set of the cache.
  private var weightStride: Int { min(steps, depth / 2 + 1) * 2 * panelWidth + 32 }
  var panelBytes: Int { 2 * tiles.elements * weightStride }
  /// Tiles whose results are made together: up to 16 pixels of a row.
  private var runTiles: Int { 16 / tiles.outputs }
  private var epilogueBytes: Int {
    wholeLineBytes(
      IntegerWinogradOutput.memoryBytes(outputs: tiles.outputs, tiles: runTiles, panelWidth: panelWidth))
  }
  /// A vector of an element, of 16-bit integers or of sums, takes as many bytes as a panel has columns, twice.
  var workBytes: Int { epilogueBytes + 2 * tiles.elements * panelWidth }

  func transformInput(
    _ call: QuantizedCall, _ tile: Int, pixels: UnsafeMutablePointer<UnsafePointer<UInt8>>,
    to: UnsafeMutablePointer<Int16>, elementStride: Int, work: UnsafeMutableRawPointer
  ) {
    tiles.gather(
      tile, pixels, input: call.input, inputStride: call.inputStride, outside: UnsafePointer(outside.start))
    kernels.input(
      tiles.outputs, tiles.shape.inChannels, UnsafePointer(pixels), flip, to, elementStride,
      work.assumingMemoryBound(to: Int16.self))
  }

  func weights(
    panel: Int, channels: Range<Int>, memory: UnsafeMutableRawPointer, work: UnsafeMutableRawPointer
  ) -> UnsafeRawPointer {
    kernels.kernels(
      tiles.outputs, (channels.count + 1) / 2,
      packed.start + (panel * steps + channels.lowerBound / 2) * 9 * 2 * panelWidth,
      memory.assumingMemoryBound(to: Int16.self), weightStride, work.assumingMemoryBound(to: Int16.self))
    return UnsafeRawPointer(memory)
  }

  func multiply(
    _ pointers: UnsafePointer<UnsafePointer<Int16>>, count: Int, panel: Int, channels: Range<Int>, element: Int,
    weights: UnsafeRawPointer, to: UnsafeMutablePointer<Int32>
  ) {
    let block = WordBlock(
      pointers: pointers, offset: channels.lowerBound, rows: count, positions: 1, depth: channels.count,
      panels: weights + 2 * element * weightStride, columns: panelWidth, start: UnsafePointer(zeros.start),
      epilogue: SumEpilogue(output: to, outputStride: panelWidth, adds: channels.lowerBound > 0))
    withUnsafePointer(to: block) { kernels.gemm($0) }
  }

  func transformOutput(
    _ call: QuantizedCall, _ range: Range<Int>, panel: Int, _ products: UnsafePointer<Int32>, elementStride: Int,
    work: UnsafeMutableRawPointer
  ) {
    let (shape, channel) = (tiles.shape, panel * panelWidth)
    var tile = range.lowerBound
    while tile < range.upperBound {
      let at = tiles.place(tile)
      let count = min(runTiles, range.upperBound - tile, tiles.across - at.x / tiles.outputs)
      let pixel = tiles.outputPixel(at)
      let run = IntegerWinogradOutput(
        products: products + (tile - range.lowerBound) * panelWidth, elementStride: elementStride, tiles: count,
        rows: tiles.rows(at), pixels: tiles.columns(at, tiles: count),
        columns: min(panelWidth, shape.outChannels - channel), start: UnsafePointer(start.start) + channel,
        epilogue: ByteEpilogue(
          result: result, multipliers: UnsafePointer(multipliers.start) + channel,
          residual: call.residual.map { $0 + pixel * call.residualStride + channel },
          residualStride: call.residualStride,
          output: call.output + (pixel * call.outputStride + channel) * result.elementBytes,
          outputStride: call.outputStride, memory: work),
        outputRowStride: shape.outWidth * call.outputStride, residualRowStride: shape.outWidth * call.residualStride,
        work: (work + epilogueBytes).assumingMemoryBound(to: Int32.self))
      withUnsafePointer(to: run) { kernels.output(tiles.outputs, $0) }
      tile += count
    }
  }
}
