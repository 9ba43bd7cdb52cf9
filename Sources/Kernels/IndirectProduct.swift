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
    zeros = TypedBuffer(repeating: zero, count: shape.inChannels)
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
  var scratchFloats: Int { 16 + threads * pointerFloats }

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
    let all = shape.groups * panels.count
    let shares = min(all, (wanted + blocks - 1) / blocks)
    let perTask = GemmRows(rows: rows, tileRows: (rows + blocks - 1) / blocks)
    call.pool.run(tasks: perTask.count * shares) { task, worker in
      let (block, share) = task.quotientAndRemainder(dividingBy: shares)
      let range = perTask.range(block)
      let pointers = alignedPointers(scratch + worker * pointerFloats, to: Element.self)
      window.fill(
        pointers, rows: range, tileRows: tileRows, input: input, inputStride: inputStride,
        zeros: UnsafePointer(zeros.start))
      var panel = share * all / shares
      let end = (share + 1) * all / shares
      while panel < end {
        let (group, first) = panel.quotientAndRemainder(dividingBy: panels.count)
        let count = min(panels.count - first, end - panel)
        compute(
          call, rows: range, group: group, panels: first..<first + count, UnsafePointer(pointers))
        panel += count
      }
    }
  }

  /// Some rows with some panels of one group.
  private func compute(
    _ call: ConvolutionCall, rows: Range<Int>, group: Int, panels range: Range<Int>,
    _ pointers: UnsafePointer<UnsafePointer<Element>>
  ) {
    let firstColumn = range.lowerBound * panels.panelWidth
    let column = group * shape.groupOutputs + firstColumn
    multiply(
      pointers, rows: rows.count, group: group, panel: range.lowerBound,
      columns: min(range.upperBound * panels.panelWidth, shape.groupOutputs) - firstColumn,
      residual: call.residual.map { $0 + rows.lowerBound * call.residualStride + column },
      residualStride: call.residualStride, output: call.output + rows.lowerBound * call.outputStride + column,
      outputStride: call.outputStride, activation: call.activation)
  }

  /// activation(product + residual) of `rows` rows with `columns` columns from panel number `panel` of a group on.
  private func multiply(
    _ pointers: UnsafePointer<UnsafePointer<Element>>, rows: Int, group: Int, panel: Int, columns: Int,
    residual: UnsafePointer<Float>?, residualStride: Int, output: UnsafeMutablePointer<Float>, outputStride: Int,
    activation: Activation
  ) {
    let bounds = activation.bounds
    let product = GemmBlock(
      pointers: pointers, offset: group * shape.groupInputs, rows: rows, positions: runs.positions, depth: runs.depth,
      panels: panels.panel(group: group, panel), columns: columns, start: panels.bias(group: group, panel),
      epilogue: FloatEpilogue(
        residual: residual, residualStride: residualStride, output: output, outputStride: outputStride,
        low: bounds.low, high: bounds.high))
    withUnsafePointer(to: product) { multiply($0) }
    guard activation.needsPass else { return }
    if outputStride == columns {
      kernels.activateRun(activation.vector, rows * columns, output, output)
    } else {
      for row in 0..<rows {
        let to = output + row * outputStride
        kernels.activateRun(activation.vector, columns, to, to)
      }
    }
  }

  // MARK: A row of pixels by itself, of one group

  /// Floats for the pointers of `pixels` output pixels.
  func rowPointerFloats(pixels: Int) -> Int { wholeLines((pixels + tileRows) * runs.positions * 2 + 2) }

  /// The pointers of some output pixels, to be given to `multiplyRow`.
  func fill(
    _ pointers: UnsafeMutablePointer<UnsafePointer<Element>>, pixels: Range<Int>, input: UnsafePointer<Element>,
    inputStride: Int
  ) {
    window.fill(
      pointers, rows: pixels, tileRows: tileRows, input: input, inputStride: inputStride,
      zeros: UnsafePointer(zeros.start))
  }

  /// `columns` channels, at most a panel, from panel number `panel` on, of `pixels` output pixels that are `columns` apart in `output`. Channels
  /// that fill up the last panel are what the activation makes of 0.
  func multiplyRow(
    _ pointers: UnsafePointer<UnsafePointer<Element>>, pixels: Int, panel: Int, columns: Int,
    output: UnsafeMutablePointer<Float>, activation: Activation
  ) {
    multiply(
      pointers, rows: pixels, group: 0, panel: panel, columns: columns, residual: nil, residualStride: 0,
      output: output, outputStride: columns, activation: activation)
  }
}

/// Scratch floats used for pointers, from the next boundary a pointer may lie on.
func alignedPointers<Element>(
  _ floats: UnsafeMutablePointer<Float>, to element: Element.Type = Float.self
) -> UnsafeMutablePointer<UnsafePointer<Element>> {
  let raw = UnsafeMutableRawPointer(floats).alignedUp(for: UnsafePointer<Element>.self)
  return raw.assumingMemoryBound(to: UnsafePointer<Element>.self)
}
