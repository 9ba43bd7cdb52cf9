// One output row of a kernel that slides a window over each channel by itself: depthwise convolution and pooling.

/// The windows of a row of floats.
public typealias WindowRow = ElementWindowRow<Float>
/// The windows of a row of bytes.
public typealias ByteWindowRow = ElementWindowRow<UInt8>

/// Where an output row's windows lie. Kernel rows that fall outside the input were left out by the caller; columns are cut here.
public struct ElementWindowRow<Element> {
  /// The first pixel of the input row under the first kernel row that is inside.
  public var input: UnsafePointer<Element>
  public var inWidth: Int
  /// Elements from pixel to pixel.
  public var inputStride: Int
  /// Elements from one kernel row's input row to the next one's.
  public var rowStep: Int
  public var kernelRows: Int
  public var kernelWidth: Int
  public var strideWidth: Int
  public var dilationWidth: Int
  public var padLeft: Int
  public var outWidth: Int
  public var output: UnsafeMutablePointer<Element>
  public var outputStride: Int
  public var channels: Int

  @inlinable public init(
    input: UnsafePointer<Element>, inWidth: Int, inputStride: Int, rowStep: Int, kernelRows: Int, kernelWidth: Int,
    strideWidth: Int, dilationWidth: Int, padLeft: Int, outWidth: Int, output: UnsafeMutablePointer<Element>,
    outputStride: Int, channels: Int
  ) {
    self.input = input
    self.inWidth = inWidth
    self.inputStride = inputStride
    self.rowStep = rowStep
    self.kernelRows = kernelRows
    self.kernelWidth = kernelWidth
    self.strideWidth = strideWidth
    self.dilationWidth = dilationWidth
    self.padLeft = padLeft
    self.outWidth = outWidth
    self.output = output
    self.outputStride = outputStride
    self.channels = channels
  }

  /// The first kernel column of the window at output column `x` that is inside the input.
  @inline(__always) @inlinable func firstColumn(_ x: Int) -> Int {
    let start = x &* strideWidth &- padLeft
    return start >= 0 ? 0 : (dilationWidth &- 1 &- start) / dilationWidth
  }
  /// The kernel column after the last that is inside the input.
  @inline(__always) @inlinable func endColumn(_ x: Int) -> Int {
    let room = inWidth &- (x &* strideWidth &- padLeft)
    let end = room <= 0 ? 0 : (room &+ dilationWidth &- 1) / dilationWidth
    return end < kernelWidth ? end : kernelWidth
  }
  /// The input pixel under kernel column `column` of the window at output column `x`.
  @inline(__always) @inlinable func pixel(_ x: Int, _ column: Int) -> UnsafePointer<Element> {
    input + (x &* strideWidth &- padLeft &+ column &* dilationWidth) &* inputStride
  }
}
