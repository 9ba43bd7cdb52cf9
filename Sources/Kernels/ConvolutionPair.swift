// A convolution and the depthwise convolution of its result, row by row: what lies between them never leaves the L2 cache.

internal import KernelTemplates

/// What `ConvolutionPair` computes.
public struct ConvolutionPairShape: Sendable {
  public var first: ConvolutionShape
  /// Over the first one's output.
  public var second: ConvolutionShape

  public init(first: ConvolutionShape, second: ConvolutionShape) {
    self.first = first
    self.second = second
  }

  /// Whether the two are computed together: the first as a product of one group, the second as a depthwise convolution by vectors, and
  /// what lies between them too large to be found in L2 by the second.
  public func isFused(precision: Precision, instructionSet: CPUFeatures = .current) -> Bool {
    let width = instructionSet.kernels.width
    let between = 4 * first.outHeight * first.outWidth * first.outChannels
    return precision == .float32 && first.groups == 1 && between >= Self.leastBytes && applies(width: width)
      && ConvolutionChoice.best(first, width: width) == .indirect
  }

  private static let leastBytes = 640 << 10

  /// Whether vectors of `width` floats can compute the pair together.
  func applies(width: Int) -> Bool {
    first.groups == 1 && second.groupInputs == 1 && second.inChannels == first.outChannels
      && second.inHeight == first.outHeight && second.inWidth == first.outWidth
      && ChannelwiseRows.apply(to: second, width: width)
  }
}

/// The weights of one of the two; read only during `ConvolutionPair.init`.
public struct ConvolutionOperands {
  /// (outChannels, inChannels / groups, kernelHeight, kernelWidth)
  public var weights: UnsafePointer<Float>
  /// (outChannels), what each output channel's weights are multiplied with, or nil.
  public var scale: UnsafePointer<Float>?
  /// (outChannels) or nil
  public var bias: UnsafePointer<Float>?
  public var activation: Activation

  public init(
    weights: UnsafePointer<Float>, scale: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, activation: Activation
  ) {
    self.weights = weights
    self.scale = scale
    self.bias = bias
    self.activation = activation
  }

  func packed(_ shape: ConvolutionShape) -> ConvolutionWeights {
    let kernelPositions = shape.kernelHeight * shape.kernelWidth
    return ConvolutionWeights(
      start: weights, outputStep: shape.groupInputs * kernelPositions, inputStep: kernelPositions, scale: scale)
  }
}

/// Two convolutions over NHWC, the second depthwise, with the bytes that one after the other gives.
///
/// Output rows are computed in bands. A band's rows of the first result are made a part of channels at a time, one panel of its weights,
/// into the part's rows of memory, where those that the band before saw already are: no row is computed twice by one task.
public final class ConvolutionPair: Sendable {
  public let shape: ConvolutionPairShape
  /// How it is computed, for people.
  public let algorithm: String
  private let first: IndirectConvolution
  private let rows: ChannelwiseRows
  private let activations: (first: Activation, second: Activation)
  private let threads: Int
  /// Output rows of a band, and how many parts a task takes through its bands together.
  private let bandRows: Int
  private let taskParts: Int

  /// What the parts of a task hold together, in floats: a share of L2.
  private static let heldFloats = 96 << 10

  public convenience init(
    shape: ConvolutionPairShape, maxBatch: Int, first: ConvolutionOperands, second: ConvolutionOperands,
    pool: ThreadPool, instructionSet: CPUFeatures = .current
  ) {
    self.init(
      shape: shape, maxBatch: maxBatch, first: first, second: second, pool: pool, kernels: instructionSet.kernels)
  }

  init(
    shape: ConvolutionPairShape, maxBatch: Int, first: ConvolutionOperands, second: ConvolutionOperands,
    pool: ThreadPool, kernels: KernelTable
  ) {
    precondition(shape.applies(width: kernels.width))
    self.shape = shape
    self.first = IndirectConvolution(
      shape: shape.first, maxBatch: maxBatch, weights: first.packed(shape.first), bias: first.bias, kernels: kernels,
      pool: pool)
    let rows = ChannelwiseRows(
      shape.second, weights: second.packed(shape.second), bias: second.bias, kernels: kernels)
    self.rows = rows
    activations = (first.activation, second.activation)
    threads = pool.threads
    algorithm = "\(self.first.name), depthwise"
    let stride = shape.second.strideHeight
    func floats(bandRows: Int) -> Int { ((bandRows - 1) * stride + rows.span) * rows.rowFloats }
    var band = min(8, shape.second.outHeight)
    while band > 2 && floats(bandRows: band) * rows.parts > Self.heldFloats { band -= 1 }
    bandRows = band
    taskParts = min(rows.parts, max(1, Self.heldFloats / floats(bandRows: band)))
  }

  // MARK: Memory of a worker: (taskParts) rows of the first result, an output row, pointers

  private var heldRows: Int { (bandRows - 1) * shape.second.strideHeight + rows.span }
  private var partFloats: Int { wholeLines(heldRows * rows.rowFloats) + 16 }
  private var bufferFloats: Int { wholeLines(rows.bufferFloats) }
  private var pointerFloats: Int { first.product.rowPointerFloats(pixels: rows.insideWidth) }
  private var workerFloats: Int { taskParts * partFloats + bufferFloats + heldRows * pointerFloats }
  /// What `run` needs as scratch.
  public var scratchFloats: Int { 16 + first.copyFloats + threads * workerFloats }

  /// - Parameters:
  ///   - input: (batch, inHeight, inWidth) pixels of the first one's `inChannels` floats, `inputStride` floats apart.
  ///   - output: (batch, outHeight, outWidth) pixels of the second one's `outChannels` floats, `outputStride` floats apart.
  ///   - scratch: `scratchFloats` floats, contents free before and after.
  public func run(
    batch: Int, input: UnsafePointer<Float>, inputStride: Int, output: UnsafeMutablePointer<Float>, outputStride: Int,
    scratch: UnsafeMutablePointer<Float>, pool: ThreadPool
  ) {
    precondition(pool.threads <= threads)
    let source = first.prepared(batch: batch, input, inputStride, scratch: scratch, pool: pool)
    let call = ConvolutionCall(
      batch: batch, input: source.input, inputStride: source.inputStride, output: output, outputStride: outputStride,
      residual: nil, residualStride: 0, activation: activations.second, scratch: scratch + first.copyFloats, pool: pool)
    let groups = (rows.parts + taskParts - 1) / taskParts
    let height = shape.second.outHeight
    // Each cut costs the rows that two tasks see.
    let wanted = pool.threads == 1 ? 1 : (2 * pool.threads + batch * groups - 1) / (batch * groups)
    let cuts = GemmRows(rows: height, count: min(wanted, (height + bandRows - 1) / bandRows))
    pool.run(tasks: batch * groups * cuts.count) { task, worker in
      let (rest, cut) = task.quotientAndRemainder(dividingBy: cuts.count)
      let (image, group) = rest.quotientAndRemainder(dividingBy: groups)
      compute(
        call, image: image, parts: group * taskParts..<min((group + 1) * taskParts, rows.parts),
        outputs: cuts.range(cut), memory: call.scratch + worker * workerFloats)
    }
  }

  /// Some output rows of some parts, band by band.
  private func compute(
    _ call: ConvolutionCall, image: Int, parts: Range<Int>, outputs: Range<Int>, memory: UnsafeMutablePointer<Float>
  ) {
    for slot in 0..<parts.count * heldRows {
      rows.pad(memory + slot / heldRows * partFloats + slot % heldRows * rows.rowFloats)
    }
    let buffer = memory + taskParts * partFloats
    var held = 0..<0
    var y = outputs.lowerBound
    while y < outputs.upperBound {
      let band = y..<min(y + bandRows, outputs.upperBound)
      let seen = rows.inputRows(band)
      let fresh = max(seen.lowerBound, min(held.upperBound, seen.upperBound))..<seen.upperBound
      fillPointers(call, image, fresh, buffer + bufferFloats)
      for part in parts {
        let part0 = memory + (part - parts.lowerBound) * partFloats
        if fresh.lowerBound > seen.lowerBound && seen.lowerBound > held.lowerBound {
          part0.update(
            from: part0 + (seen.lowerBound - held.lowerBound) * rows.rowFloats,
            count: (fresh.lowerBound - seen.lowerBound) * rows.rowFloats)
        }
        for row in fresh {
          first.product.multiplyRow(
            UnsafePointer(pointers(buffer + bufferFloats, row - fresh.lowerBound)), pixels: rows.insideWidth,
            panel: part, columns: rows.partFloats,
            output: rows.start(part0 + (row - seen.lowerBound) * rows.rowFloats), activation: activations.first)
        }
        for y in band {
          rows.compute(
            call, image: image, y: y, part: part, rows: UnsafePointer(part0), firstRow: seen.lowerBound, buffer: buffer)
        }
      }
      held = seen
      y = band.upperBound
    }
  }

  private func pointers(
    _ memory: UnsafeMutablePointer<Float>, _ row: Int
  ) -> UnsafeMutablePointer<UnsafePointer<Float>> { alignedPointers(memory + row * pointerFloats) }

  /// Where the pixels of the first one's output rows `fresh` read their input.
  private func fillPointers(
    _ call: ConvolutionCall, _ image: Int, _ fresh: Range<Int>, _ memory: UnsafeMutablePointer<Float>
  ) {
    for row in fresh {
      let pixel = (image * shape.first.outHeight + row) * shape.first.outWidth
      first.product.fill(
        pointers(memory, row - fresh.lowerBound), pixels: pixel..<pixel + rows.insideWidth, input: call.input,
        inputStride: call.inputStride)
    }
  }
}
