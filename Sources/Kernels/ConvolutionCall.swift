// What one run of a convolution is given, and the algorithms it may be given to.

/// The buffers of one run; see `Convolution.run`.
struct ConvolutionCall {
  var batch: Int
  var input: UnsafePointer<Float>
  var inputStride: Int
  var output: UnsafeMutablePointer<Float>
  var outputStride: Int
  var residual: UnsafePointer<Float>?
  var residualStride: Int
  var activation: Activation
  var scratch: UnsafeMutablePointer<Float>
  var pool: ThreadPool
}

/// A way to compute a convolution, its weights packed for it.
protocol ConvolutionAlgorithm: Sendable {
  /// For people: "direct 1x1", "winograd 4x4" …
  var name: String { get }
  var scratchFloats: Int { get }
  func run(_ call: ConvolutionCall)
}

/// Weights as they come, read only while they are packed: element (o, c, position) at o · outputStep + c · inputStep + position, where `position`
/// counts kernel positions row by row.
struct ConvolutionWeights {
  var start: UnsafePointer<Float>
  var outputStep: Int
  var inputStep: Int
  /// (outChannels): what each output channel's weights are multiplied with as they are packed.
  var scale: UnsafePointer<Float>?

  func factor(_ output: Int) -> Float { scale?[output] ?? 1 }
}

/// A count of floats rounded up to whole cache lines, so that the parts of a scratch buffer do not share one.
func wholeLines(_ floats: Int) -> Int { (floats + 15) & ~15 }
