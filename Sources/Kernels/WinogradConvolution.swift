// 3×3 convolution, stride 1, by Winograd's minimal filtering (Lavin & Gray 2016): per tile of outputs × outputs pixels,
// (outputs + 2)² products of matrices over channels instead of 9 · outputs².
//
// A tile's results mix all its inputs, so a NaN or infinity in one pixel may reach every output of the tiles that see it.

internal import KernelTemplates

/// F(outputs × outputs, 3 × 3).
struct WinogradConvolution: ConvolutionAlgorithm {
  let name: String
  private let maxBatch: Int
  private let product: WinogradProduct<FloatWinograd>

  init(
    shape: ConvolutionShape, outputs: Int, maxBatch: Int, weights: ConvolutionWeights, bias: UnsafePointer<Float>?,
    kernels: KernelTable, pool: ThreadPool
  ) {
    name = "winograd \(outputs)x\(outputs)"
    self.maxBatch = maxBatch
    product = WinogradProduct(
      FloatWinograd(
        tiles: WinogradTiles(shape, outputs: outputs), weights: weights, bias: bias, kernels: kernels, pool: pool),
      maxBatch: maxBatch, threads: pool.threads)
  }

  var scratchFloats: Int { product.scratchBytes / 4 }

  func run(_ call: ConvolutionCall) {
    precondition(call.batch <= maxBatch)
    product.run(call, batch: call.batch, scratch: call.scratch, pool: call.pool)
  }
}

/// The stages in float32.
struct FloatWinograd: WinogradArithmetic {
  let tiles: WinogradTiles
  private let kernels: KernelTable
  /// (panels, elements, inChannels, panelWidth)
  private let packed: TypedBuffer<Float>
  private let bias: TypedBuffer<Float>
  private let zeros: TypedBuffer<Float>

  init(
    tiles: WinogradTiles, weights: ConvolutionWeights, bias: UnsafePointer<Float>?, kernels: KernelTable,
    pool: ThreadPool
  ) {
    self.tiles = tiles
    self.kernels = kernels
    let shape = tiles.shape
    let panelWidth = 2 * kernels.width
    zeros = TypedBuffer(repeating: 0, count: max(shape.inChannels, panelWidth))
    self.bias = packedBias(bias, groups: 1, columns: shape.outChannels, panelWidth: panelWidth)
    packed = packWinograd(
      inputs: shape.inChannels, columns: shape.outChannels, outputs: tiles.outputs, weights: weights, kernels: kernels,
      pool: pool)
  }

  var tileRows: Int { kernels.tileRows }
  var panelWidth: Int { 2 * kernels.width }
  var workBytes: Int { 4 * tiles.elements * kernels.width }
  var panelBytes: Int { 0 }
  var depth: Int { tiles.shape.inChannels }

  func transformInput(
    _ call: ConvolutionCall, _ tile: Int, pixels: UnsafeMutablePointer<UnsafePointer<Float>>,
    to: UnsafeMutablePointer<Float>, elementStride: Int, work: UnsafeMutableRawPointer
  ) {
    tiles.gather(
      tile, pixels, input: call.input, inputStride: call.inputStride, outside: UnsafePointer(zeros.start))
    kernels.winogradInput(
      tiles.outputs, tiles.shape.inChannels, UnsafePointer(pixels), to, elementStride,
      work.assumingMemoryBound(to: Float.self))
  }

  func weights(
    panel: Int, channels: Range<Int>, memory: UnsafeMutableRawPointer, work: UnsafeMutableRawPointer
  ) -> UnsafeRawPointer {
    UnsafeRawPointer(packed.start + panel * tiles.elements * tiles.shape.inChannels * panelWidth)
  }

  func multiply(
    _ pointers: UnsafePointer<UnsafePointer<Float>>, count: Int, panel: Int, channels: Range<Int>, element: Int,
    weights: UnsafeRawPointer, to: UnsafeMutablePointer<Float>
  ) {
    let shape = tiles.shape
    kernels.multiply(
      FloatBlock(
        pointers: pointers, rows: count, positions: 1, depth: shape.inChannels,
        panels: weights + 4 * element * shape.inChannels * panelWidth,
        columns: min(panelWidth, shape.outChannels - panel * panelWidth), start: UnsafePointer(zeros.start),
        epilogue: FloatEpilogue(
          residual: nil, residualStride: 0, output: to, outputStride: panelWidth, low: -.infinity, high: .infinity)))
  }

  func transformOutput(
    _ call: ConvolutionCall, _ range: Range<Int>, panel: Int, _ products: UnsafePointer<Float>, elementStride: Int,
    work: UnsafeMutableRawPointer
  ) {
    let bounds = call.activation.bounds
    let channel = panel * panelWidth
    let channels = min(panelWidth, tiles.shape.outChannels - channel)
    for index in 0..<range.count {
      let at = tiles.place(range.lowerBound + index)
      let pixel = tiles.outputPixel(at)
      let tile = WinogradOutput(
        products: products + index * panelWidth, elementStride: elementStride, channels: channels,
        rows: tiles.rows(at), columns: tiles.columns(at), bias: UnsafePointer(bias.start) + channel,
        residual: call.residual.map { $0 + pixel * call.residualStride + channel },
        residualRowStride: tiles.shape.outWidth * call.residualStride, residualStride: call.residualStride,
        output: call.output + pixel * call.outputStride + channel,
        outputRowStride: tiles.shape.outWidth * call.outputStride, outputStride: call.outputStride, low: bounds.low,
        high: bounds.high, work: work.assumingMemoryBound(to: Float.self))
      kernels.winogradOutput(tiles.outputs, tile)
      if call.activation.needsPass {
        for row in 0..<tile.rows {
          for column in 0..<tile.columns {
            let to = tile.output + row * tile.outputRowStride + column * tile.outputStride
            kernels.activateRun(call.activation.vector, channels, to, to)
          }
        }
      }
    }
  }
}
