// Convolution of bytes as a matrix product whose left side is never built: each row of the register tile reads its pixels through
// pointers, as in `IndirectConvolution`. Pixels outside the input are bytes that stand for 0.

internal import KernelTemplates

/// Any quantized convolution; a 1×1 one is the plain product.
struct IndirectQuantizedConvolution: QuantizedConvolutionAlgorithm {
  let name: String
  private let shape: ConvolutionShape
  private let maxBatch: Int
  private let result: ByteResult
  private let kernels: ByteKernelTable
  private let panels: PackedBytes
  private let window: PixelWindow
  /// Runs of contiguous bytes that make a row of the left side, and their length.
  private let positions: Int
  private let depth: Int
  private let source: QuantizedSource
  private let zeros: TypedBuffer<UInt8>
  private let threads: Int
  private let blockRows: Int

  init(_ layer: QuantizedLayer, maxBatch: Int, pool: ThreadPool) {
    shape = layer.shape
    self.maxBatch = maxBatch
    result = layer.result
    kernels = layer.kernels
    threads = pool.threads
    source = QuantizedSource(shape, input: layer.input, depthGroup: kernels.depthGroup)
    let taps = source.isPadded ? shape.kernelWidth : 1
    positions = shape.kernelHeight * shape.kernelWidth / taps
    depth = taps * shape.groupInputs
    panels = PackedBytes(
      groups: shape.groups, columns: shape.groupOutputs, inputs: shape.groupInputs, positions: positions,
      runTaps: taps, weights: layer.weights, bias: layer.bias, inputZero: Int32(layer.input.unsignedZero),
      multipliers: layer.multipliers, kernels: kernels, pool: pool)
    window = PixelWindow(shape, joined: source.isPadded)
    zeros = TypedBuffer(repeating: layer.input.unsignedZero, count: max(kernels.depthGroup, depth))
    name = positions == 1 ? "int8 direct 1x1" : source.isPadded ? "int8 indirect rows" : "int8 indirect"
    let blockBytes = shape.inChannels * (shape.kernelHeight > 1 ? shape.strideHeight * shape.strideWidth : 1)
    let rows = min(240, max(48, 512 << 10 / blockBytes))
    blockRows = (rows + kernels.tileRows - 1) / kernels.tileRows * kernels.tileRows
  }

  private var pointerBytes: Int { wholeLineBytes(8 * (blockRows + kernels.tileRows) * positions * panels.parts) }
  private var workerBytes: Int {
    pointerBytes
      + wholeLineBytes(ByteEpilogue.memoryBytes(tileRows: kernels.tileRows, panelWidth: kernels.panelWidth))
  }
  private var sourceBytes: Int { wholeLineBytes(source.scratchBytes(maxBatch: maxBatch)) }
  var scratchBytes: Int { 64 + sourceBytes + threads * workerBytes }

  func run(_ call: QuantizedCall) {
    precondition(call.pool.threads <= threads && call.batch <= maxBatch)
    let scratch = call.scratch.alignedUp(toMultipleOf: 64)
    let input = source.prepare(call, scratch: scratch.assumingMemoryBound(to: UInt8.self))
    let rows = call.batch * shape.outHeight * shape.outWidth
    let workers = call.pool.threads
    var blocks = max(1, (rows + blockRows - 1) / blockRows)
    if blocks > 1 { blocks = (blocks + workers - 1) / workers * workers }
    let wanted = workers == 1 ? 1 : 8 * workers
    let shares = min(panels.count, (wanted + blocks - 1) / blocks)
    let perTask = GemmRows(rows: rows, tileRows: (rows + blocks - 1) / blocks)
    call.pool.run(tasks: shape.groups * perTask.count * shares) { task, worker in
      let share = task % shares
      let block = task / shares % perTask.count
      let group = task / shares / perTask.count
      let panel = share * panels.count / shares
      multiply(
        call, input, group: group, rows: perTask.start(block)..<perTask.start(block) + perTask.height(block),
        panels: panel..<(share + 1) * panels.count / shares, memory: scratch + sourceBytes + worker * workerBytes)
    }
  }

  /// The product of some output pixels with some panels of one group.
  private func multiply(
    _ call: QuantizedCall, _ input: QuantizedSource.Prepared, group: Int, rows: Range<Int>, panels range: Range<Int>,
    memory: UnsafeMutableRawPointer
  ) {
    let pointers = memory.assumingMemoryBound(to: UnsafePointer<UInt8>.self)
    window.fill(
      pointers, rows: rows, tileRows: kernels.tileRows, repeats: panels.parts,
      input: input.start + group * shape.groupInputs, inputStride: input.stride, zeros: UnsafePointer(zeros.start))
    let firstColumn = range.lowerBound * panels.panelWidth
    let columns = min(range.upperBound * panels.panelWidth, shape.groupOutputs) - firstColumn
    let channel = group * shape.groupOutputs + firstColumn
    let packedColumn = panels.firstColumn(group: group, range.lowerBound)
    kernels.multiply(
      ByteBlock(
        pointers: UnsafePointer(pointers), rows: rows.count, positions: positions * panels.parts, depth: depth,
        panels: panels.panel(group: group, range.lowerBound), columns: columns,
        start: UnsafePointer(panels.start.start) + packedColumn,
        epilogue: ByteEpilogue(
          result: result, multipliers: UnsafePointer(panels.multipliers.start) + packedColumn,
          residual: call.residual.map { $0 + rows.lowerBound * call.residualStride + channel },
          residualStride: call.residualStride,
          output: call.output + (rows.lowerBound * call.outputStride + channel) * result.elementBytes,
          outputStride: call.outputStride, memory: memory + pointerBytes)))
  }
}

/// A count of bytes rounded up to whole cache lines, so that the parts of a scratch buffer do not share one.
func wholeLineBytes(_ bytes: Int) -> Int { (bytes + 63) & ~63 }
