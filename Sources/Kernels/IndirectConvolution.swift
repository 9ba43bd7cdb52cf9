// Convolution as a matrix product whose left side is never built: each row of the register tile reads its pixels through pointers.
// After Dukhan 2019, "The Indirect Convolution Algorithm", with pointers made per block of rows instead of kept per layer.

internal import KernelTemplates

/// Any convolution; a 1×1 one is the plain product.
struct IndirectConvolution: ConvolutionAlgorithm {
  let shape: ConvolutionShape
  let name: String
  private let kernels: KernelTable
  private let panels: PackedPanels
  private let window: PixelWindow
  /// Runs of contiguous floats that make a row of the left side, and their length.
  private let positions: Int
  private let depth: Int
  /// Whether kernel rows are single runs, of an input copied with its padding: for few input channels, whose runs would be short.
  private let joined: Bool
  private let zeros: FloatBuffer
  private let threads: Int
  private let blockRows: Int

  init(
    shape: ConvolutionShape, weights: ConvolutionWeights, bias: UnsafePointer<Float>?, kernels: KernelTable,
    pool: ThreadPool
  ) {
    self.shape = shape
    self.kernels = kernels
    threads = pool.threads
    panels = PackedPanels(
      groups: shape.groups, columns: shape.groupOutputs, inputs: shape.groupInputs,
      cells: shape.kernelHeight * shape.kernelWidth, weights: weights, bias: bias, panelWidth: 2 * kernels.width,
      pool: pool)
    joined = shape.groups == 1 && shape.inChannels <= 8 && shape.kernelWidth > 1 && shape.dilationWidth == 1
    positions = joined ? shape.kernelHeight : shape.kernelHeight * shape.kernelWidth
    depth = joined ? shape.kernelWidth * shape.inChannels : shape.groupInputs
    window = PixelWindow(shape, joined: joined)
    zeros = FloatBuffer(zeros: shape.groupInputs)
    name = positions == 1 ? "direct 1x1" : joined ? "indirect rows" : "indirect"
    blockRows = Self.blockRows(shape, tileRows: kernels.tileRows)
  }

  /// Rows whose pixels stay in L2 while all weight panels are multiplied with them.
  private static func blockRows(_ shape: ConvolutionShape, tileRows: Int) -> Int {
    let bytes = 4 * shape.inChannels * (shape.kernelHeight > 1 ? shape.strideHeight * shape.strideWidth : 1)
    let rows = min(240, max(48, 512 << 10 / bytes))
    return (rows + tileRows - 1) / tileRows * tileRows
  }

  private var pointerFloats: Int { wholeLines((blockRows + kernels.tileRows) * positions * 2 + 2) }
  private var workerFloats: Int { pointerFloats + wholeLines(2 * kernels.tileRows * panels.panelWidth) }
  private var paddedFloats: Int { joined ? wholeLines(window.inHeight * window.inWidth * shape.inChannels) : 0 }
  var scratchFloats: Int { 16 + paddedFloats + threads * workerFloats }

  func run(_ call: ConvolutionCall) {
    precondition(call.pool.threads <= threads)
    guard joined else {
      return product(call, rows: call.batch * shape.outHeight * shape.outWidth)
    }
    let pixels = shape.outHeight * shape.outWidth
    for image in 0..<call.batch {
      let from = call.input + image * shape.inHeight * shape.inWidth * call.inputStride
      var one = call
      one.output += image * pixels * call.outputStride
      one.residual = call.residual.map { $0 + image * pixels * call.residualStride }
      one.input = pad(from, call)
      one.inputStride = shape.inChannels
      product(one, rows: pixels)
    }
  }

  /// The image with its padding, contiguous, at the start of the scratch memory.
  private func pad(_ input: UnsafePointer<Float>, _ call: ConvolutionCall) -> UnsafePointer<Float> {
    let channels = shape.inChannels
    let padded = call.scratch
    let chunk = 16
    call.pool.run(tasks: (window.inHeight + chunk - 1) / chunk) { task in
      for y in task * chunk..<min(window.inHeight, (task + 1) * chunk) {
        let to = padded + y * window.inWidth * channels
        let row = y - shape.padTop
        guard row >= 0, row < shape.inHeight else {
          to.update(repeating: 0, count: window.inWidth * channels)
          continue
        }
        to.update(repeating: 0, count: shape.padLeft * channels)
        let inside = to + shape.padLeft * channels
        let from = input + row * shape.inWidth * call.inputStride
        if call.inputStride == channels {
          inside.update(from: from, count: shape.inWidth * channels)
        } else {
          for x in 0..<shape.inWidth {
            (inside + x * channels).update(from: from + x * call.inputStride, count: channels)
          }
        }
        (inside + shape.inWidth * channels).update(repeating: 0, count: shape.padRight * channels)
      }
    }
    return UnsafePointer(padded)
  }

  /// Every output pixel of `call` (of one image where joined), cut into blocks of rows and, where those are few, of panels.
  private func product(_ call: ConvolutionCall, rows: Int) {
    let workers = call.pool.threads
    var blocks = max(1, (rows + blockRows - 1) / blockRows)
    if blocks > 1 { blocks = (blocks + workers - 1) / workers * workers }
    let wanted = workers == 1 ? 1 : 8 * workers
    let shares = min(panels.count, (wanted + blocks - 1) / blocks)
    let perTask = GemmRows(rows: rows, tileRows: (rows + blocks - 1) / blocks)
    let bounds = call.activation.bounds
    call.pool.run(tasks: shape.groups * perTask.count * shares) { task, worker in
      let share = task % shares
      let block = task / shares % perTask.count
      let group = task / shares / perTask.count
      let first = perTask.start(block)
      let height = perTask.height(block)
      let panel = share * panels.count / shares
      let columns = min((share + 1) * panels.count / shares * panels.panelWidth, shape.groupOutputs)
      let firstColumn = panel * panels.panelWidth
      let memory = call.scratch + paddedFloats + worker * workerFloats
      let pointers = alignedPointers(memory)
      window.fill(
        pointers, rows: first..<first + height, tileRows: kernels.tileRows,
        input: call.input + group * shape.groupInputs,
        inputStride: call.inputStride, zeros: UnsafePointer(zeros.start))
      let output = call.output + first * call.outputStride + group * shape.groupOutputs + firstColumn
      let residual = call.residual.map { $0 + first * call.residualStride + group * shape.groupOutputs + firstColumn }
      kernels.multiply(
        FloatBlock(
          pointers: UnsafePointer(pointers), rows: height, positions: positions, depth: depth,
          panels: panels.panel(group: group, panel), columns: columns - firstColumn,
          start: panels.bias(group: group, panel),
          epilogue: FloatEpilogue(
            residual: residual, residualStride: call.residualStride, output: output, outputStride: call.outputStride,
            low: bounds.low, high: bounds.high, edge: memory + pointerFloats)))
      if call.activation.needsPass {
        for row in 0..<height {
          let to = output + row * call.outputStride
          kernels.activateRun(call.activation.vector, columns - firstColumn, to, to)
        }
      }
    }
  }
}

/// Scratch floats used for pointers, from the next boundary a pointer may lie on.
func alignedPointers(_ floats: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<UnsafePointer<Float>> {
  let raw = UnsafeMutableRawPointer(floats).alignedUp(for: UnsafePointer<Float>.self)
  return raw.assumingMemoryBound(to: UnsafePointer<Float>.self)
}
