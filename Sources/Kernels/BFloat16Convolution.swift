// A convolution whose products are in bfloat16 and whose sums are in float32, as an indirect matrix product over a converted copy of the
// input.

internal import KernelTemplates

/// A convolution of one group in bfloat16: input and weights are rounded, bias, residual and result are float32.
struct BFloat16Convolution: ConvolutionAlgorithm {
  let name: String
  private let product: IndirectProduct<UInt16>
  private let copy: InputCopy
  private let maxBatch: Int
  private let channels: Int
  private let convert: BFloat16Kernels.Convert

  init(
    shape: ConvolutionShape, maxBatch: Int, weights: ConvolutionWeights, bias: UnsafePointer<Float>?,
    kernels: KernelTable, bfloat16: BFloat16Kernels, pool: ThreadPool
  ) {
    let runs = IndirectRuns(shape)
    // A 1×1 convolution reads the copy pixel by pixel.
    let read = shape.isPointwise ? shape.pointwise : shape
    product = IndirectProduct(
      shape: read, runs: runs, window: PixelWindow(read, joined: runs.isJoined),
      panels: PackedPanels<UInt16>(
        columns: shape.outChannels, inputs: shape.inChannels, runs: runs, weights: weights, bias: bias,
        kernels: bfloat16, pool: pool),
      zero: 0, tileRows: bfloat16.tileRows, multiply: bfloat16.gemm, kernels: kernels, threads: pool.threads)
    copy = InputCopy(shape, runs.isJoined ? .padded : shape.isPointwise ? .sampled : .whole)
    name = "bf16 " + runs.name
    self.maxBatch = maxBatch
    channels = shape.inChannels
    convert = bfloat16.convert
  }

  /// Whether there are runs of at least the `depthGroup` elements that a step multiplies.
  static func applies(to shape: ConvolutionShape, depthGroup: Int) -> Bool {
    shape.groups == 1 && IndirectRuns(shape).depth >= depthGroup
  }

  private var copyFloats: Int { wholeLines((maxBatch * copy.count + 1) / 2) }
  var scratchFloats: Int { copyFloats + product.scratchFloats }

  func run(_ call: ConvolutionCall) {
    precondition(call.batch <= maxBatch)
    let converted = UnsafeMutableRawPointer(call.scratch).assumingMemoryBound(to: UInt16.self)
    copy.make(
      batch: call.batch, input: call.input, stride: call.inputStride, to: converted, outside: 0, pool: call.pool,
      convert: convert)
    product.run(call, input: UnsafePointer(converted), inputStride: channels, scratch: call.scratch + copyFloats)
  }
}

extension ConvolutionShape {
  /// Whether each output pixel reads one input pixel, which is inside the input.
  fileprivate var isPointwise: Bool {
    kernelHeight == 1 && kernelWidth == 1 && padTop == 0 && padLeft == 0 && padBottom == 0 && padRight == 0
  }

  /// Of a 1×1 convolution: the same over the pixels it reads alone.
  fileprivate var pointwise: ConvolutionShape {
    ConvolutionShape(
      inHeight: outHeight, inWidth: outWidth, inChannels: inChannels, outChannels: outChannels, kernelHeight: 1,
      kernelWidth: 1)
  }
}
