// Geometry of convolution and pooling: kernel, strides, dilations, padding, and the output size they give.

/// The sliding window of a convolution or a pooling, over height and width.
package struct Window: Sendable, Equatable {
  package enum Padding: Sendable, Equatable {
    /// Rows and columns added around the input.
    case explicit(top: Int, left: Int, bottom: Int, right: Int)
    /// As many outputs as ⌈input / stride⌉; an odd one more goes to the end.
    case sameUpper
    /// The same, an odd one more to the front.
    case sameLower
    package static let none = explicit(top: 0, left: 0, bottom: 0, right: 0)
  }

  package struct Size: Sendable, Equatable {
    package var height: Int
    var width: Int
    package init(_ height: Int, _ width: Int) {
      self.height = height
      self.width = width
    }
    var isOne: Bool { height == 1 && width == 1 }
  }

  /// nil: a convolution takes it from its weights.
  var kernel: Size?
  package var strides: Size
  var dilations: Size
  var padding: Padding

  /// No attribute may be larger; it keeps every later sum far from overflow.
  static let limit = 1 << 16

  package init(kernel: Size?, strides: Size, dilations: Size, padding: Padding) throws(GraphError) {
    for (name, size) in [("kernel_shape", kernel ?? Size(1, 1)), ("strides", strides), ("dilations", dilations)] {
      let valid = 1...Window.limit
      if !valid.contains(size.height) || !valid.contains(size.width) { throw .attribute(name) }
    }
    if case .explicit(let top, let left, let bottom, let right) = padding {
      for pad in [top, left, bottom, right] where pad < 0 || pad > Window.limit { throw .attribute("pads") }
    }
    self.kernel = kernel
    self.strides = strides
    self.dilations = dilations
    self.padding = padding
  }

  /// A window with the padding worked out for one input size.
  struct Placed {
    let kernel: Size, strides: Size, dilations: Size
    let top: Int, left: Int, bottom: Int, right: Int
    let output: Size
  }

  /// - Parameter roundUp: `ceil_mode`: a last window that is only partly inside counts, if it starts inside the
  ///   input or the padding before it.
  func placed(over input: Size, kernel: Size, roundUp: Bool = false) throws(GraphError) -> Placed {
    let rows = try Window.axis(
      input.height, kernel.height, strides.height, dilations.height, pads: vertical, roundUp)
    let columns = try Window.axis(input.width, kernel.width, strides.width, dilations.width, pads: horizontal, roundUp)
    return Placed(
      kernel: kernel, strides: strides, dilations: dilations, top: rows.before, left: columns.before,
      bottom: rows.after, right: columns.after, output: Size(rows.output, columns.output))
  }

  private enum AxisPadding {
    case explicit(Int, Int)
    case sameUpper, sameLower
  }

  private var vertical: AxisPadding {
    switch padding {
    case .explicit(let top, _, let bottom, _): .explicit(top, bottom)
    case .sameUpper: .sameUpper
    case .sameLower: .sameLower
    }
  }

  private var horizontal: AxisPadding {
    switch padding {
    case .explicit(_, let left, _, let right): .explicit(left, right)
    case .sameUpper: .sameUpper
    case .sameLower: .sameLower
    }
  }

  private static func axis(
    _ input: Int, _ kernel: Int, _ stride: Int, _ dilation: Int, pads: AxisPadding, _ roundUp: Bool
  ) throws(GraphError) -> (before: Int, after: Int, output: Int) {
    let reach = dilation * (kernel - 1) + 1
    switch pads {
    case .explicit(let before, let after):
      let movement = input + before + after - reach
      if movement < 0 { throw .unsupported("a window larger than its padded input") }
      var output = (movement + (roundUp ? stride - 1 : 0)) / stride + 1
      if roundUp && (output - 1) * stride >= input + before { output -= 1 }
      return (before, after, output)
    case .sameUpper, .sameLower:
      let output = (input + stride - 1) / stride
      let total = max(0, (output - 1) * stride + reach - input)
      let small = total / 2
      if case .sameUpper = pads { return (small, total - small, output) }
      return (total - small, small, output)
    }
  }
}
