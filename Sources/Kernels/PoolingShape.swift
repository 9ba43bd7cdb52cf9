// The geometry of a pooling window.

/// One pooling without its batch size. Output sizes are given, not computed: the caller decides about `ceil_mode`, after which the
/// last windows may reach beyond the padding.
public struct PoolingShape: Hashable, Sendable {
  public var channels: Int
  public var inHeight: Int
  public var inWidth: Int
  public var outHeight: Int
  public var outWidth: Int
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

  public init(
    channels: Int, inHeight: Int, inWidth: Int, outHeight: Int, outWidth: Int, kernelHeight: Int, kernelWidth: Int,
    strideHeight: Int = 1, strideWidth: Int = 1, dilationHeight: Int = 1, dilationWidth: Int = 1,
    padTop: Int = 0, padLeft: Int = 0, padBottom: Int = 0, padRight: Int = 0
  ) {
    self.channels = channels
    self.inHeight = inHeight
    self.inWidth = inWidth
    self.outHeight = outHeight
    self.outWidth = outWidth
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
  }

  /// The kernel positions of the window at output row `y` that lie inside the input.
  func rows(_ y: Int) -> Range<Int> {
    Self.inside(y * strideHeight - padTop, kernelHeight, dilationHeight, inHeight)
  }
  /// The kernel positions of the window at output column `x` that lie inside the input.
  func columns(_ x: Int) -> Range<Int> {
    Self.inside(x * strideWidth - padLeft, kernelWidth, dilationWidth, inWidth)
  }

  /// The shape whose windows hold what a mean counts: with padding, the padded input.
  func counted(includingPad: Bool) -> PoolingShape {
    guard includingPad else { return self }
    var counted = self
    counted.inHeight += padTop + padBottom
    counted.inWidth += padLeft + padRight
    (counted.padTop, counted.padLeft) = (0, 0)
    return counted
  }

  private static func inside(_ start: Int, _ kernel: Int, _ dilation: Int, _ size: Int) -> Range<Int> {
    let first = start >= 0 ? 0 : (-start + dilation - 1) / dilation
    let last = start >= size ? 0 : min(kernel, (size - start + dilation - 1) / dilation)
    return min(first, last)..<last
  }
}
