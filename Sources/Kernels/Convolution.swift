// A convolution whose weights were packed once.

internal import COpenBLAS

/// Convolution, bias, residual add and activation, in that order, over NHWC.
public final class Convolution {
  public let shape: ConvolutionShape
  public let maxBatch: Int
  /// How it is computed, for people.
  public let algorithm = "im2col"
  /// What `run` needs as scratch, for batches up to `maxBatch`.
  public var scratchFloats: Int { shape.outHeight * shape.outWidth * depth }

  private let activation: Activation
  private let bias: [Float]
  /// (groups, kernelHeight · kernelWidth · groupInputs, groupOutputs)
  private let weights: UnsafeMutablePointer<Float>
  private var depth: Int { shape.kernelHeight * shape.kernelWidth * shape.groupInputs }

  /// - Parameters:
  ///   - weights: (outChannels, inChannels / groups, kernelHeight, kernelWidth), read only during this call.
  ///   - bias: (outChannels), read only during this call.
  ///   - residual: whether `run` will be given a residual to add.
  public init(
    shape: ConvolutionShape, maxBatch: Int, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    activation: Activation, residual: Bool, pool: ThreadPool
  ) {
    self.shape = shape
    self.maxBatch = maxBatch
    self.activation = activation
    self.bias = (0..<shape.outChannels).map { bias?[$0] ?? 0 }
    let depth = shape.kernelHeight * shape.kernelWidth * shape.groupInputs
    self.weights = .allocate(capacity: depth * shape.outChannels)
    let cells = shape.kernelHeight * shape.kernelWidth
    for group in 0..<shape.groups {
      for channel in 0..<shape.groupOutputs {
        let from = weights + (group * shape.groupOutputs + channel) * depth
        let to = self.weights + group * depth * shape.groupOutputs + channel
        for input in 0..<shape.groupInputs {
          for cell in 0..<cells {
            to[(cell * shape.groupInputs + input) * shape.groupOutputs] = from[input * cells + cell]
          }
        }
      }
    }
  }

  deinit { weights.deallocate() }

  /// - Parameters:
  ///   - input: (batch, inHeight, inWidth) pixels of `inChannels` floats, `inputStride` floats apart.
  ///   - output: (batch, outHeight, outWidth) pixels of `outChannels` floats, `outputStride` floats apart.
  ///   - residual: as `output`, `residualStride` apart; may be `output` itself.
  ///   - scratch: `scratchFloats` floats, contents free before and after.
  public func run(
    batch: Int, input: UnsafePointer<Float>, inputStride: Int, output: UnsafeMutablePointer<Float>, outputStride: Int,
    residual: UnsafePointer<Float>? = nil, residualStride: Int = 0, scratch: UnsafeMutablePointer<Float>,
    pool: ThreadPool
  ) {
    let pixels = shape.outHeight * shape.outWidth
    for image in 0..<batch {
      let from = input + image * shape.inHeight * shape.inWidth * inputStride
      let to = output + image * pixels * outputStride
      let kept = residual.map { residual in
        Array(
          (0..<pixels * shape.outChannels).lazy.map { [shape] index in
            residual[(image * pixels + index / shape.outChannels) * residualStride + index % shape.outChannels]
          })
      }
      for group in 0..<shape.groups {
        gather(from + group * shape.groupInputs, inputStride, scratch)
        matrixMultiply(
          m: pixels, n: shape.groupOutputs, k: depth, a: scratch, lda: depth, transposeA: false,
          b: weights + group * depth * shape.groupOutputs, ldb: shape.groupOutputs, transposeB: false,
          c: to + group * shape.groupOutputs, ldc: outputStride)
      }
      for pixel in 0..<pixels {
        for channel in 0..<shape.outChannels {
          let sum = to[pixel * outputStride + channel] + bias[channel]
          to[pixel * outputStride + channel] = activation(sum + (kept?[pixel * shape.outChannels + channel] ?? 0))
        }
      }
    }
  }

  /// The im2col matrix (outHeight · outWidth, kernelHeight · kernelWidth · groupInputs) of one image and group.
  private func gather(_ input: UnsafePointer<Float>, _ stride: Int, _ to: UnsafeMutablePointer<Float>) {
    var to = to
    for y in 0..<shape.outHeight {
      for x in 0..<shape.outWidth {
        for ky in 0..<shape.kernelHeight {
          let row = y * shape.strideHeight - shape.padTop + ky * shape.dilationHeight
          for kx in 0..<shape.kernelWidth {
            let column = x * shape.strideWidth - shape.padLeft + kx * shape.dilationWidth
            if row >= 0, row < shape.inHeight, column >= 0, column < shape.inWidth {
              to.update(from: input + (row * shape.inWidth + column) * stride, count: shape.groupInputs)
            } else {
              to.update(repeating: 0, count: shape.groupInputs)
            }
            to += shape.groupInputs
          }
        }
      }
    }
  }
}
