// Any convolution in float32, as an indirect matrix product; a 1×1 one is the plain product.

internal import KernelTemplates

struct IndirectConvolution: ConvolutionAlgorithm {
  let name: String
  let product: IndirectProduct<Float>
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

  var copyFloats: Int { wholeLines(maxBatch * (copy?.count ?? 0)) }
  var scratchFloats: Int { copyFloats + product.scratchFloats }

  func run(_ call: ConvolutionCall) {
    let (input, inputStride) = prepared(
      batch: call.batch, call.input, call.inputStride, scratch: call.scratch, pool: call.pool)
    product.run(call, input: input, inputStride: inputStride, scratch: call.scratch + copyFloats)
  }

  /// The input as the product reads it: itself, or its copy in the first `copyFloats` floats of `scratch`.
  func prepared(
    batch: Int, _ input: UnsafePointer<Float>, _ inputStride: Int, scratch: UnsafeMutablePointer<Float>,
    pool: ThreadPool
  ) -> (input: UnsafePointer<Float>, inputStride: Int) {
    precondition(batch <= maxBatch)
    guard let copy else { return (input, inputStride) }
    copy.make(batch: batch, input: input, stride: inputStride, to: scratch, outside: 0, pool: pool) { count, from, to in
      to.update(from: from, count: count)
    }
    return (UnsafePointer(scratch), channels)
  }
}
