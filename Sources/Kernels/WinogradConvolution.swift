// 3×3 convolution, stride 1, by Winograd's minimal filtering (Lavin & Gray 2016): per tile of outputs × outputs pixels,
// (outputs + 2)² products of matrices over channels instead of 9 · outputs².
//
// A tile's results mix all its inputs, so a NaN or infinity in one pixel may reach every output of the tiles that see it.

internal import KernelTemplates

/// F(outputs × outputs, 3 × 3).
struct WinogradConvolution: ConvolutionAlgorithm {
  let shape: ConvolutionShape
  let outputs: Int
  var name: String { "winograd \(outputs)x\(outputs)" }
  private let maxBatch: Int
  private let kernels: KernelTable
  /// (panels, elements, inChannels, panelWidth)
  private let weights: FloatBuffer
  private let bias: FloatBuffer
  private let zeros: FloatBuffer
  private let threads: Int

  init(
    shape: ConvolutionShape, outputs: Int, maxBatch: Int, weights: ConvolutionWeights, bias: UnsafePointer<Float>?,
    kernels: KernelTable, pool: ThreadPool
  ) {
    self.shape = shape
    self.outputs = outputs
    self.maxBatch = maxBatch
    self.kernels = kernels
    threads = pool.threads
    let panelWidth = 2 * kernels.width
    zeros = FloatBuffer(zeros: max(shape.inChannels, panelWidth))
    self.bias = packedBias(bias, groups: 1, columns: shape.outChannels, panelWidth: panelWidth)
    self.weights = packWinograd(
      inputs: shape.inChannels, columns: shape.outChannels, outputs: outputs, weights: weights, kernels: kernels,
      pool: pool)
  }

  private var size: Int { outputs + 2 }
  private var elements: Int { size * size }
  private var panelWidth: Int { 2 * kernels.width }
  private var panels: Int { (shape.outChannels + panelWidth - 1) / panelWidth }
  private var tilesDown: Int { (shape.outHeight + outputs - 1) / outputs }
  private var tilesAcross: Int { (shape.outWidth + outputs - 1) / outputs }
  private func tiles(_ batch: Int) -> Int { batch * tilesDown * tilesAcross }

  /// Tiles transformed together: their inputs, transformed, stay within the second cache (or a few times that, shared, for layers
  /// whose weights are worth keeping longer).
  private var blockTiles: Int {
    let tileBytes = 4 * elements * shape.inChannels
    return min(tiles(maxBatch), max(16, Self.blockBytes / tileBytes))
  }
  private static let blockBytes = 768 << 10

  /// The tiles of a block that one task takes through the products.
  private func partTiles(_ block: Int) -> Int {
    threads > 1 && panels % threads != 0 && block > 24 ? (block + 1) / 2 : block
  }

  /// Padded by a line, so that the elements of a tile do not all fall on one set of the cache.
  private var inputElementStride: Int { wholeLines(blockTiles * shape.inChannels) + 16 }
  private func productElementStride(_ tiles: Int) -> Int { tiles * panelWidth + 16 }
  private var pointerFloats: Int { wholeLines(2 * (elements * (blockTiles + 4 * kernels.tileRows) + 1)) }
  private var workFloats: Int {
    wholeLines(elements * kernels.width) + wholeLines(2 * kernels.tileRows * panelWidth) + 96
  }
  private var workerFloats: Int { wholeLines(elements * productElementStride(blockTiles)) + workFloats }
  var scratchFloats: Int { pointerFloats + elements * inputElementStride + threads * workerFloats }

  func run(_ call: ConvolutionCall) {
    precondition(call.pool.threads <= threads && call.batch <= maxBatch)
    let blocks = GemmRows(rows: tiles(call.batch), tileRows: blockTiles)
    for block in 0..<blocks.count {
      let tiles = blocks.start(block)..<blocks.start(block) + blocks.height(block)
      transformInput(call, tiles)
      multiply(call, tiles)
    }
  }

  /// Bᵀ d B of every tile of the block, and the pointers through which the products read it.
  private func transformInput(_ call: ConvolutionCall, _ tiles: Range<Int>) {
    let chunk = 4
    let transformed = call.scratch + pointerFloats
    call.pool.run(tasks: (tiles.count + chunk - 1) / chunk + 1) { task, worker in
      guard task > 0 else { return point(call, tiles.count, UnsafePointer(transformed)) }
      let memory = transformed + elements * inputElementStride + worker * workerFloats
      let pixels = alignedPointers(memory)
      let work = memory + 2 * elements + 16
      let first = (task - 1) * chunk
      for index in first..<min(first + chunk, tiles.count) {
        gather(call, tiles.lowerBound + index, pixels)
        kernels.winogradInput(
          outputs, shape.inChannels, UnsafePointer(pixels), transformed + index * shape.inChannels, inputElementStride,
          work)
      }
    }
  }

  /// Where the tile's pixels are, zeros outside the image.
  private func gather(_ call: ConvolutionCall, _ tile: Int, _ pixels: UnsafeMutablePointer<UnsafePointer<Float>>) {
    let at = place(tile)
    let plane = call.input + at.image * shape.inHeight * shape.inWidth * call.inputStride
    var to = pixels
    for i in 0..<size {
      let row = at.y - shape.padTop + i
      let inside = row >= 0 && row < shape.inHeight
      for j in 0..<size {
        let column = at.x - shape.padLeft + j
        to.pointee =
          inside && column >= 0 && column < shape.inWidth
          ? plane + (row * shape.inWidth + column) * call.inputStride : UnsafePointer(zeros.start)
        to += 1
      }
    }
  }

  private func place(_ tile: Int) -> (image: Int, y: Int, x: Int) {
    let (image, rest) = tile.quotientAndRemainder(dividingBy: tilesDown * tilesAcross)
    return (image, rest / tilesAcross * outputs, rest % tilesAcross * outputs)
  }

  /// (parts, elements, row tiles, tileRows) pointers to rows of the transformed input.
  private func point(_ call: ConvolutionCall, _ count: Int, _ transformed: UnsafePointer<Float>) {
    var to = alignedPointers(call.scratch)
    let parts = GemmRows(rows: count, tileRows: partTiles(count))
    for part in 0..<parts.count {
      let rows = GemmRows(rows: parts.height(part), tileRows: kernels.tileRows)
      for element in 0..<elements {
        var from = transformed + element * inputElementStride + parts.start(part) * shape.inChannels
        for tile in 0..<rows.count {
          for slot in 0..<rows.height(tile) {
            to[slot] = from
            from += shape.inChannels
          }
          to += kernels.tileRows
        }
      }
    }
  }

  /// The products of the block's tiles with each panel, and from them the panel's channels of the output.
  private func multiply(_ call: ConvolutionCall, _ tiles: Range<Int>) {
    let parts = GemmRows(rows: tiles.count, tileRows: partTiles(tiles.count))
    call.pool.run(tasks: panels * parts.count) { task, worker in
      let part = task % parts.count
      let panel = task / parts.count
      let count = parts.height(part)
      let rowTiles = GemmRows(rows: count, tileRows: kernels.tileRows).count
      var pointers = UnsafePointer(alignedPointers(call.scratch))
      for earlier in 0..<part {
        pointers +=
          elements * GemmRows(rows: parts.height(earlier), tileRows: kernels.tileRows).count * kernels.tileRows
      }
      let memory = call.scratch + pointerFloats + elements * inputElementStride + worker * workerFloats
      let products = memory + workFloats
      let elementStride = productElementStride(count)
      for element in 0..<elements {
        kernels.multiply(
          GemmBlock(
            pointers: pointers + element * rowTiles * kernels.tileRows, rows: count, positions: 1,
            depth: shape.inChannels,
            panels: UnsafePointer(weights.start) + (panel * elements + element) * shape.inChannels * panelWidth,
            columns: panelWidth, bias: UnsafePointer(zeros.start), residual: nil, residualStride: 0,
            output: products + element * elementStride, outputStride: panelWidth, low: -.infinity, high: .infinity,
            edge: memory))
      }
      transformOutput(
        call, tiles.lowerBound + parts.start(part), count, panel, UnsafePointer(products), elementStride, work: memory)
    }
  }

  private func transformOutput(
    _ call: ConvolutionCall, _ first: Int, _ count: Int, _ panel: Int, _ products: UnsafePointer<Float>,
    _ elementStride: Int, work: UnsafeMutablePointer<Float>
  ) {
    let bounds = call.activation.bounds
    let channel = panel * panelWidth
    let channels = min(panelWidth, shape.outChannels - channel)
    for index in 0..<count {
      let at = place(first + index)
      let pixel = (at.image * shape.outHeight + at.y) * shape.outWidth + at.x
      let tile = WinogradOutput(
        products: products + index * panelWidth, elementStride: elementStride, channels: channels,
        rows: min(outputs, shape.outHeight - at.y), columns: min(outputs, shape.outWidth - at.x),
        bias: UnsafePointer(bias.start) + channel,
        residual: call.residual.map { $0 + pixel * call.residualStride + channel },
        residualRowStride: shape.outWidth * call.residualStride, residualStride: call.residualStride,
        output: call.output + pixel * call.outputStride + channel, outputRowStride: shape.outWidth * call.outputStride,
        outputStride: call.outputStride, low: bounds.low, high: bounds.high, work: work)
      kernels.winogradOutput(outputs, tile)
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
