// Maximum and average pooling of bytes over NHWC. Results are the same on every instruction set.

internal import KernelTemplates

/// The largest byte of each window, the lowest byte there is where a window holds no input. Input and output have one quantization.
///
/// `input` (batch, inHeight, inWidth) pixels of `channels` bytes, `inputStride` bytes apart; `output` likewise.
public func maxPoolBytes(
  _ shape: PoolingShape, batch: Int, isSigned: Bool, input: UnsafeRawPointer, inputStride: Int,
  output: UnsafeMutableRawPointer, outputStride: Int, pool: ThreadPool, instructionSet: CPUFeatures = .current
) {
  let kernels = instructionSet.byteKernels
  forEachRow(
    shape, batch, input.assumingMemoryBound(to: UInt8.self), inputStride, output.assumingMemoryBound(to: UInt8.self),
    outputStride, pool
  ) { row, _ in kernels.maxPoolRow(row, isSigned ? 128 : 0) }
}

/// The mean of each window, over the elements inside the input or, with `countIncludePad`, inside the padded input: the sum of values in
/// int32 times scale / (output scale · count), rounded to the nearest byte.
///
/// - Throws: `QuantizationError` where the scales make a multiplier that is not finite and positive.
public func averagePoolBytes(
  _ shape: PoolingShape, countIncludePad: Bool, batch: Int, from quantization: ByteQuantization,
  input: UnsafeRawPointer, inputStride: Int, to range: QuantizedRange, output: UnsafeMutableRawPointer,
  outputStride: Int, pool: ThreadPool, instructionSet: CPUFeatures = .current
) throws(QuantizationError) {
  let (scale, outputScale) = (quantization.scale, range.quantization.scale)
  for count in [1, shape.kernelHeight * shape.kernelWidth] {
    _ = try requantizationMultiplier(input: scale, output: outputScale * Float(count))
  }
  let kernels = instructionSet.byteKernels
  let counted = shape.counted(includingPad: countIncludePad)
  let columns = (0..<shape.outWidth).map { counted.columns($0).count }
  forEachRow(
    shape, batch, input.assumingMemoryBound(to: UInt8.self), inputStride, output.assumingMemoryBound(to: UInt8.self),
    outputStride, pool
  ) { row, y in
    let rows = counted.rows(y).count
    withUnsafeTemporaryAllocation(of: Float.self, capacity: shape.outWidth) { multipliers in
      for x in 0..<shape.outWidth { multipliers[x] = scale / (outputScale * Float(max(1, rows * columns[x]))) }
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: shape.channels) { sums in
        kernels.averagePoolRow(
          row, quantization.input, multipliers.baseAddress!, range.range, sums.baseAddress!)
      }
    }
  }
}
