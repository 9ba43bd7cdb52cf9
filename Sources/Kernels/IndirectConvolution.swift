// Any convolution in float32, as an indirect matrix product; a 1×1 one is the plain product.

internal import KernelTemplates

struct IndirectConvolution: ConvolutionAlgorithm {
  let name: String
  private let product: IndirectProduct<Float>
  /// The input with its padding, where kernel rows are joined.
  private let copy: InputCopy?
  private let maxBatch: Int
  private let channels: Int

  init(
    shape: ConvolutionShape, maxBatch: Int, weights: ConvolutionWeights, bias: UnsafePointer<Float>?,
    kernels: KernelTable, pool: ThreadPool
  ) {
    let runs = IndirectRuns(shape)
    let panels = PackedPanels<Float>(
      groups: shape.groups, columns: shape.groupOutputs, inputs: shape.groupInputs,
      kernelPositions: shape.kernelHeight * shape.kernelWidth, weights: weights, bias: bias,
      panelWidth: 2 * kernels.width,
      pool: pool)
    product = IndirectProduct(
      shape: shape, runs: runs, window: PixelWindow(shape, joined: runs.isJoined), panels: panels, zero: 0,
      tileRows: kernels.tileRows, multiply: kernels.gemm, kernels: kernels, threads: pool.threads)
    copy = runs.isJoined ? InputCopy(shape, .padded) : nil
    name = runs.name
    self.maxBatch = maxBatch
    channels = shape.inChannels
  }

  private var copyFloats: Int { wholeLines(maxBatch * (copy?.count ?? 0)) }
  var scratchFloats: Int { copyFloats + product.scratchFloats }

  func run(_ call: ConvolutionCall) {
    precondition(call.batch <= maxBatch)
    let scratch = call.scratch + copyFloats
    guard let copy else {
      return product.run(call, input: call.input, inputStride: call.inputStride, scratch: scratch)
    }
    copy.make(
      batch: call.batch, input: call.input, stride: call.inputStride, to: call.scratch, outside: 0, pool: call.pool
    ) { count, from, to in
      to.update(from: from, count: count)
    }
    product.run(call, input: UnsafePointer(call.scratch), inputStride: channels, scratch: scratch)
  }
}
