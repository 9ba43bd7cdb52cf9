// ONNX's LRN (AlexNet, section 3.3), across the channels of NHWC pixels.

internal import Glibc

/// y = x / (bias + alpha/size · Σ x²)^beta, the sum over the `size` channels around x, cut at the ends.
///
/// `input` and `output` (pixels, channels), contiguous; they may not be the same buffer.
public func localResponseNormalization(
  pixels: Int, channels: Int, size: Int, alpha: Float, beta: Float, bias: Float, input: UnsafePointer<Float>,
  output: UnsafeMutablePointer<Float>, pool: ThreadPool
) {
  let before = (size - 1) / 2
  let after = size - 1 - before
  let run = 64
  pool.run(tasks: (pixels + run - 1) / run) { task in
    for pixel in task * run..<min(pixels, (task + 1) * run) {
      let from = input + pixel * channels
      let to = output + pixel * channels
      for channel in 0..<channels {
        var sum: Float = 0
        for near in max(0, channel - before)...min(channels - 1, channel + after) { sum += from[near] * from[near] }
        to[channel] = from[channel] / powf(bias + alpha / Float(size) * sum, beta)
      }
    }
  }
}
