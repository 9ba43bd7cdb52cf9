// The three stages of a Winograd convolution over one block of tiles: input transform, products, output transform.

internal import KernelTemplates

/// The stages and the memory they work in; `WinogradConvolution` decides which thread runs which.
///
/// A block's `memory`: (elements, tiles, inChannels) transformed inputs, the pointers to their rows, and, of the thread that uses it,
/// products of one panel and work space.
struct WinogradStages {
  /// Where a block's values are; see `workerFloats`.
  struct Memory {
    fileprivate let start: UnsafeMutablePointer<Float>
  }

  let panels: Int
  /// Tiles transformed together, so that they stay within L2 (or a few times that, shared, for layers whose weights are worth keeping
  /// longer).
  let blockTiles: Int
  var tileRows: Int { kernels.tileRows }

  private let shape: ConvolutionShape
  private let outputs: Int
  private let kernels: KernelTable
  /// (panels, elements, inChannels, panelWidth)
  private let weights: TypedBuffer<Float>
  private let bias: TypedBuffer<Float>
  private let zeros: TypedBuffer<Float>
  private static let blockBytes = 768 << 10

  init(
    shape: ConvolutionShape, outputs: Int, maxTiles: Int, weights: ConvolutionWeights, bias: UnsafePointer<Float>?,
    kernels: KernelTable, pool: ThreadPool
  ) {
    self.shape = shape
    self.outputs = outputs
    self.kernels = kernels
    let panelWidth = 2 * kernels.width
    panels = (shape.outChannels + panelWidth - 1) / panelWidth
    blockTiles = min(maxTiles, max(16, Self.blockBytes / (4 * (outputs + 2) * (outputs + 2) * shape.inChannels)))
    zeros = TypedBuffer(repeating: 0, count: max(shape.inChannels, panelWidth))
    self.bias = packedBias(bias, groups: 1, columns: shape.outChannels, panelWidth: panelWidth)
    self.weights = packWinograd(
      inputs: shape.inChannels, columns: shape.outChannels, outputs: outputs, weights: weights, kernels: kernels,
      pool: pool)
  }

  private var size: Int { outputs + 2 }
  private var elements: Int { size * size }
  private var panelWidth: Int { 2 * kernels.width }

  // MARK: Memory

  /// Padded by a cache line, so that the elements of a tile do not all fall on one set of the cache.
  private var inputElementStride: Int { wholeLines(blockTiles * shape.inChannels) + 16 }
  private func productElementStride(_ tiles: Int) -> Int { tiles * panelWidth + 16 }
  private var pointerFloats: Int { wholeLines(2 * (elements * (blockTiles + 4 * kernels.tileRows) + 1)) }
  /// For one tile's transforms and pixel pointers.
  private var workFloats: Int { wholeLines(elements * kernels.width) + 96 }
  /// Floats of one `Memory`.
  var workerFloats: Int {
    pointerFloats + elements * inputElementStride + workFloats + wholeLines(elements * productElementStride(blockTiles))
  }

  func memory(_ scratch: UnsafeMutablePointer<Float>, worker: Int) -> Memory {
    Memory(start: scratch + worker * workerFloats)
  }
  private func transformed(_ memory: Memory) -> UnsafeMutablePointer<Float> { memory.start + pointerFloats }
  private func work(_ memory: Memory) -> UnsafeMutablePointer<Float> {
    memory.start + pointerFloats + elements * inputElementStride
  }

  // MARK: Input

  /// (parts, elements, register tiles, tileRows) pointers to rows of the transformed input of `count` tiles.
  func fillPointers(_ memory: Memory, _ count: Int, parts: GemmRows) {
    var to = alignedPointers(memory.start)
    for part in 0..<parts.count {
      let rows = GemmRows(rows: parts.height(part), tileRows: kernels.tileRows)
      for element in 0..<elements {
        var from =
          UnsafePointer(transformed(memory)) + element * inputElementStride + parts.start(part) * shape.inChannels
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

  /// Bᵀ d B of the tiles at positions `chosen` of the block.
  func transformInput(
    _ call: ConvolutionCall, _ block: Range<Int>, _ chosen: Range<Int>, to: Memory, work: Memory
  ) {
    let pixels = alignedPointers(self.work(work))
    let space = self.work(work) + 2 * elements + 16
    for index in chosen {
      gather(call, block.lowerBound + index, pixels)
      kernels.winogradInput(
        outputs, shape.inChannels, UnsafePointer(pixels), transformed(to) + index * shape.inChannels,
        inputElementStride, space)
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

  /// Tiles are counted through the images of a batch, row by row.
  private func place(_ tile: Int) -> (image: Int, y: Int, x: Int) {
    let across = shape.tilesAcross(of: outputs)
    let (image, rest) = tile.quotientAndRemainder(dividingBy: shape.tiles(of: outputs))
    return (image, rest / across * outputs, rest % across * outputs)
  }

  // MARK: Products and output

  /// The products of a part of the block's tiles with one panel, and from them that panel's channels of the output.
  func multiply(
    _ call: ConvolutionCall, _ block: Range<Int>, panel: Int, part: Int, of parts: GemmRows, from: Memory, work: Memory
  ) {
    let count = parts.height(part)
    let rowTiles = GemmRows(rows: count, tileRows: kernels.tileRows).count
    var pointers = UnsafePointer(alignedPointers(from.start))
    for earlier in 0..<part {
      pointers += elements * GemmRows(rows: parts.height(earlier), tileRows: kernels.tileRows).count * kernels.tileRows
    }
    let space = self.work(work)
    let products = space + workFloats
    let elementStride = productElementStride(count)
    for element in 0..<elements {
      kernels.multiply(
        FloatBlock(
          pointers: pointers + element * rowTiles * kernels.tileRows, rows: count, positions: 1,
          depth: shape.inChannels,
          panels: UnsafePointer(weights.start) + (panel * elements + element) * shape.inChannels * panelWidth,
          columns: min(panelWidth, shape.outChannels - panel * panelWidth), start: UnsafePointer(zeros.start),
          epilogue: FloatEpilogue(
            residual: nil, residualStride: 0, output: products + element * elementStride, outputStride: panelWidth,
            low: -.infinity, high: .infinity)))
    }
    transformOutput(
      call, block.lowerBound + parts.start(part), count, panel, UnsafePointer(products), elementStride, work: space)
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
