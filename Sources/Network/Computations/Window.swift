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

  /// The window over an input of one size, whose padding is then known.
  struct Placed {
    let rows: AxisWindow
    let columns: AxisWindow

    var output: Size { Size(rows.output, columns.output) }
  }

  /// - Parameter roundUp: `ceil_mode`; see `AxisWindow`.
  func placed(over input: Size, kernel: Size, roundUp: Bool = false) throws(GraphError) -> Placed {
    let (vertical, horizontal): (AxisWindow.Padding, AxisWindow.Padding) =
      switch padding {
      case .explicit(let top, let left, let bottom, let right):
        (.explicit(before: top, after: bottom), .explicit(before: left, after: right))
      case .sameUpper: (.sameUpper, .sameUpper)
      case .sameLower: (.sameLower, .sameLower)
      }
    return Placed(
      rows: try AxisWindow(
        over: input.height, kernel: kernel.height, stride: strides.height, dilation: dilations.height,
        padding: vertical, roundUp: roundUp),
      columns: try AxisWindow(
        over: input.width, kernel: kernel.width, stride: strides.width, dilation: dilations.width,
        padding: horizontal, roundUp: roundUp))
  }
}
