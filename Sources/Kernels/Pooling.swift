// Maximum and average pooling over NHWC.

/// The largest element of each window; −∞ where a window holds no input. A NaN in the window is passed over.
///
/// `input` (batch, inHeight, inWidth) pixels of `channels` floats, `inputStride` floats apart; `output` likewise.
public func maxPool(
  _ shape: PoolingShape, batch: Int, input: UnsafePointer<Float>, inputStride: Int, output: UnsafeMutablePointer<Float>,
  outputStride: Int, pool: ThreadPool
) {
  forEachWindow(shape, batch, input, inputStride, output, outputStride, pool) { pixel, to in
    for channel in 0..<shape.channels { to[channel] = max(to[channel], pixel[channel]) }
  } start: {
    -.infinity
  } finish: { _, _, _ in
  }
}

/// The mean of each window, over the elements inside the input or, with `countIncludePad`, inside the padded input.
public func averagePool(
  _ shape: PoolingShape, countIncludePad: Bool, batch: Int, input: UnsafePointer<Float>, inputStride: Int,
  output: UnsafeMutablePointer<Float>, outputStride: Int, pool: ThreadPool
) {
  var padded = shape
  if countIncludePad {
    padded.inHeight += shape.padTop + shape.padBottom
    padded.inWidth += shape.padLeft + shape.padRight
    (padded.padTop, padded.padLeft) = (0, 0)
  }
  forEachWindow(shape, batch, input, inputStride, output, outputStride, pool) { pixel, to in
    for channel in 0..<shape.channels { to[channel] += pixel[channel] }
  } start: {
    0
  } finish: { [padded] y, x, to in
    let count = Float(padded.rows(y).count * padded.columns(x).count)
    for channel in 0..<shape.channels { to[channel] /= count }
  }
}

/// The mean over all pixels of an image: (batch, pixels, channels) to (batch, channels), both with strides from pixel to pixel.
public func globalAveragePool(
  channels: Int, pixels: Int, batch: Int, input: UnsafePointer<Float>, inputStride: Int,
  output: UnsafeMutablePointer<Float>, outputStride: Int, pool: ThreadPool
) {
  let shape = PoolingShape(
    channels: channels, inHeight: 1, inWidth: pixels, outHeight: 1, outWidth: 1, kernelHeight: 1, kernelWidth: pixels)
  averagePool(
    shape, countIncludePad: false, batch: batch, input: input, inputStride: inputStride, output: output,
    outputStride: outputStride, pool: pool)
}

private func forEachWindow(
  _ shape: PoolingShape, _ batch: Int, _ input: UnsafePointer<Float>, _ inputStride: Int,
  _ output: UnsafeMutablePointer<Float>, _ outputStride: Int, _ pool: ThreadPool,
  fold: (UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void, start: () -> Float,
  finish: (Int, Int, UnsafeMutablePointer<Float>) -> Void
) {
  pool.run(tasks: batch * shape.outHeight) { task in
    let (image, y) = task.quotientAndRemainder(dividingBy: shape.outHeight)
    for x in 0..<shape.outWidth {
      let to = output + (task * shape.outWidth + x) * outputStride
      to.update(repeating: start(), count: shape.channels)
      for ky in shape.rows(y) {
        let row = y * shape.strideHeight - shape.padTop + ky * shape.dilationHeight
        for kx in shape.columns(x) {
          let column = x * shape.strideWidth - shape.padLeft + kx * shape.dilationWidth
          fold(input + ((image * shape.inHeight + row) * shape.inWidth + column) * inputStride, to)
        }
      }
      finish(y, x, to)
    }
  }
}
