// Maximum and average pooling over NHWC.

internal import KernelTemplates

/// The largest element of each window; −∞ where a window holds no input. A NaN in the window is passed over.
///
/// `input` (batch, inHeight, inWidth) pixels of `channels` floats, `inputStride` floats apart; `output` likewise.
public func maxPool(
  _ shape: PoolingShape, batch: Int, input: UnsafePointer<Float>, inputStride: Int, output: UnsafeMutablePointer<Float>,
  outputStride: Int, pool: ThreadPool, instructionSet: CPUFeatures = .current
) {
  let kernels = instructionSet.kernels
  forEachRow(shape, batch, input, inputStride, output, outputStride, pool) { row, _ in kernels.maxPoolRow(row) }
}

/// The mean of each window, over the elements inside the input or, with `countIncludePad`, inside the padded input.
public func averagePool(
  _ shape: PoolingShape, countIncludePad: Bool, batch: Int, input: UnsafePointer<Float>, inputStride: Int,
  output: UnsafeMutablePointer<Float>, outputStride: Int, pool: ThreadPool, instructionSet: CPUFeatures = .current
) {
  let kernels = instructionSet.kernels
  let counted = shape.counted(includingPad: countIncludePad)
  let columns = (0..<shape.outWidth).map { Float(counted.columns($0).count) }
  forEachRow(shape, batch, input, inputStride, output, outputStride, pool) { row, y in
    let rows = Float(counted.rows(y).count)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: shape.outWidth) { counts in
      for x in 0..<shape.outWidth { counts[x] = rows * columns[x] }
      kernels.averagePoolRow(row, counts.baseAddress!)
    }
  }
}

/// The mean over all pixels of an image: (batch, pixels, channels) to (batch, channels), both with strides from pixel to pixel.
public func globalAveragePool(
  channels: Int, pixels: Int, batch: Int, input: UnsafePointer<Float>, inputStride: Int,
  output: UnsafeMutablePointer<Float>, outputStride: Int, pool: ThreadPool, instructionSet: CPUFeatures = .current
) {
  let shape = PoolingShape(
    channels: channels, inHeight: 1, inWidth: pixels, outHeight: 1, outWidth: 1, kernelHeight: 1, kernelWidth: pixels)
  averagePool(
    shape, countIncludePad: false, batch: batch, input: input, inputStride: inputStride, output: output,
    outputStride: outputStride, pool: pool, instructionSet: instructionSet)
}

/// Calls `body` for every output row, with the input rows its windows see.
func forEachRow<Element>(
  _ shape: PoolingShape, _ batch: Int, _ input: UnsafePointer<Element>, _ inputStride: Int,
  _ output: UnsafeMutablePointer<Element>, _ outputStride: Int, _ pool: ThreadPool,
  body: (ElementWindowRow<Element>, Int) -> Void
) {
  let rowElements = shape.inWidth * inputStride
  pool.run(tasks: batch * shape.outHeight) { task in
    let (image, y) = task.quotientAndRemainder(dividingBy: shape.outHeight)
    let kernelRows = shape.rows(y)
    let top =
      kernelRows.isEmpty ? 0 : y * shape.strideHeight - shape.padTop + kernelRows.lowerBound * shape.dilationHeight
    body(
      ElementWindowRow(
        input: input + (image * shape.inHeight + top) * rowElements, inWidth: shape.inWidth, inputStride: inputStride,
        rowStep: shape.dilationHeight * rowElements, kernelRows: kernelRows.count, kernelWidth: shape.kernelWidth,
        strideWidth: shape.strideWidth, dilationWidth: shape.dilationWidth, padLeft: shape.padLeft,
        outWidth: shape.outWidth, output: output + task * shape.outWidth * outputStride, outputStride: outputStride,
        channels: shape.channels), y)
  }
}
