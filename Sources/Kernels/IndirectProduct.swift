// A convolution as a matrix product whose left side is never built: each row of the register tile reads its pixels through pointers.
// After Dukhan 2019, "The Indirect Convolution Algorithm", with pointers made per block of rows instead of kept per layer.

internal import KernelTemplates

/// The runs of contiguous elements that make a row of the left side.
struct IndirectRuns {
  /// Whether kernel rows are single runs, of an input copied with its padding: for few input channels, whose runs would be short.
  let isJoined: Bool
  /// Runs of a row.
  let positions: Int
  /// Elements of a run.
  let depth: Int

  init(_ shape: ConvolutionShape) {
    isJoined = shape.groups == 1 && shape.inChannels <= 8 && shape.kernelWidth > 1 && shape.dilationWidth == 1
    positions = isJoined ? shape.kernelHeight : shape.kernelHeight * shape.kernelWidth
    depth = isJoined ? shape.kernelWidth * shape.inChannels : shape.groupInputs
  }

  /// For people.
  var name: String { positions == 1 ? "direct 1x1" : isJoined ? "indirect rows" : "indirect" }
}

/// The product over elements of one type, summed in float32.
struct IndirectProduct<Element: BitwiseCopyable & Sendable>: Sendable {
  typealias Multiply = @Sendable (UnsafePointer<GemmBlock<Element, FloatEpilogue>>) -> Void

  private let shape: ConvolutionShape
  private let runs: IndirectRuns
  private let window: PixelWindow
  private let panels: PackedPanels<Element>
  private let zeros: TypedBuffer<Element>
  private let tileRows: Int
  private let multiply: Multiply
  private let kernels: KernelTable
  private let threads: Int
  private let blockRows: Int

  /// - Parameters:
  ///   - window: of the input as `run` will be given it.
  ///   - zero: what stands for a pixel outside the input.
  ///   - multiply: a product over `panels`, with tiles of at most `tileRows` rows.
  ///   - threads: the most that share the work.
  init(
    shape: ConvolutionShape, runs: IndirectRuns, window: PixelWindow, panels: PackedPanels<Element>, zero: Element,
    tileRows: Int, multiply: @escaping Multiply, kernels: KernelTable, threads: Int
  ) {
    self.shape = shape
    self.runs = runs
    self.window = window
    self.panels = panels
    self.tileRows = tileRows
    self.multiply = multiply
    self.kernels = kernels
    self.threads = threads
    zeros = TypedBuffer(repeating: zero, count: shape.groupInputs)
    blockRows = Self.blockRows(shape, tileRows: tileRows)
  }

  /// Rows whose pixels stay in L2 while all weight panels are multiplied with them.
  private static func blockRows(_ shape: ConvolutionShape, tileRows: Int) -> Int {
    let pixels = shape.kernelHeight > 1 ? shape.strideHeight * shape.strideWidth : 1
    let bytes = MemoryLayout<Element>.size * shape.inChannels * pixels
    let rows = min(240, max(48, 512 << 10 / bytes))
    return (rows + tileRows - 1) / tileRows * tileRows
  }

  private var pointerFloats: Int { wholeLines((blockRows + tileRows) * runs.positions * 2 + 2) }
  private var workerFloats: Int { pointerFloats + wholeLines(2 * tileRows * panels.panelWidth) }
  var scratchFloats: Int { 16 + threads * workerFloats }

  /// Every output pixel of `call`, cut into blocks of rows and, where those are few, of panels.
  ///
  /// - Parameters:
  ///   - input: in place of the call's, pixels `inputStride` elements apart.
  ///   - scratch: `scratchFloats` floats.
  func run(
    _ call: ConvolutionCall, input: UnsafePointer<Element>, inputStride: Int, scratch: UnsafeMutablePointer<Float>
  ) {
    let workers = call.pool.threads
    precondition(workers <= threads)
    let rows = call.batch * shape.outHeight * shape.outWidth
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
      let memory = scratch + worker * workerFloats
      let pointers = alignedPointers(memory, to: Element.self)
      window.fill(
        pointers, rows: first..<first + height, tileRows: tileRows, input: input + group * shape.groupInputs,
        inputStride: inputStride, zeros: UnsafePointer(zeros.start))
      let output = call.output + first * call.outputStride + group * shape.groupOutputs + firstColumn
      let residual = call.residual.map { $0 + first * call.residualStride + group * shape.groupOutputs + firstColumn }
      let product = GemmBlock(
        pointers: UnsafePointer(pointers), rows: height, positions: runs.positions, depth: runs.depth,
        panels: panels.panel(group: group, panel), columns: columns - firstColumn,
        start: panels.bias(group: group, panel),
        epilogue: FloatEpilogue(
          residual: residual, residualStride: call.residualStride, output: output, outputStride: call.outputStride,
          low: bounds.low, high: bounds.high, edge: memory + pointerFloats))
      withUnsafePointer(to: product) { multiply($0) }
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
func alignedPointers<Element>(
  _ floats: UnsafeMutablePointer<Float>, to element: Element.Type = Float.self
) -> UnsafeMutablePointer<UnsafePointer<Element>> {
  let raw = UnsafeMutableRawPointer(floats).alignedUp(for: UnsafePointer<Element>.self)
  return raw.assumingMemoryBound(to: UnsafePointer<Element>.self)
}
