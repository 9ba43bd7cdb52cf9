// The geometry of a two-dimensional convolution.

/// One convolution without its batch size: input (inHeight, inWidth, inChannels), output (outHeight, outWidth, outChannels),
/// weights (outChannels, inChannels / groups, kernelHeight, kernelWidth).
public struct ConvolutionShape: Hashable, Sendable {
  public var inHeight: Int
  public var inWidth: Int
  public var inChannels: Int
  public var outChannels: Int
  public var kernelHeight: Int
  public var kernelWidth: Int
  public var strideHeight: Int
  public var strideWidth: Int
  public var dilationHeight: Int
  public var dilationWidth: Int
  public var padTop: Int
  public var padLeft: Int
  public var padBottom: Int
  public var padRight: Int
  public var groups: Int

  public init(
    inHeight: Int, inWidth: Int, inChannels: Int, outChannels: Int, kernelHeight: Int, kernelWidth: Int,
    strideHeight: Int = 1, strideWidth: Int = 1, dilationHeight: Int = 1, dilationWidth: Int = 1,
    padTop: Int = 0, padLeft: Int = 0, padBottom: Int = 0, padRight: Int = 0, groups: Int = 1
  ) {
    self.inHeight = inHeight
    self.inWidth = inWidth
    self.inChannels = inChannels
    self.outChannels = outChannels
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.strideHeight = strideHeight
    self.strideWidth = strideWidth
    self.dilationHeight = dilationHeight
    self.dilationWidth = dilationWidth
    self.padTop = padTop
    self.padLeft = padLeft
    self.padBottom = padBottom
    self.padRight = padRight
    self.groups = groups
  }

  /// ⌊(in + pads − dilation·(kernel − 1) − 1) / stride⌋ + 1, as ONNX defines it.
  public var outHeight: Int {
    (inHeight + padTop + padBottom - dilationHeight * (kernelHeight - 1) - 1) / strideHeight + 1
  }
  public var outWidth: Int {
    (inWidth + padLeft + padRight - dilationWidth * (kernelWidth - 1) - 1) / strideWidth + 1
  }

  /// Multiply-adds for one image, padding counted, by the definition, independent of the algorithm that runs.
  public var multiplyAdds: Int { outHeight * outWidth * outChannels * groupInputs * kernelHeight * kernelWidth }

  /// Input channels that one output channel reads.
  var groupInputs: Int { inChannels / groups }
  /// Output channels of one group.
  var groupOutputs: Int { outChannels / groups }
}
