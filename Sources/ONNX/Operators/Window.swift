// The attributes that convolution and pooling share: kernel size, strides, dilations and padding.

internal import Network

extension NodeImport {
  /// kernel_shape, strides, dilations, auto_pad and pads of a convolution or pooling over height and width, or over one axis,
  /// which is seen as the width of pictures one row high.
  mutating func window(weights: OperatorGraph.ValueID?) throws(GraphError) -> (Window, isFlat: Bool) {
    let stated = try attributes.integers("kernel_shape")
    let rank = weights.flatMap { graph.constantDimensions(of: $0)?.count }
    let isFlat = stated.map { $0.count == 1 } ?? (rank == 3)
    let padding = try padding(isFlat)
    let strides = try attributes.integers("strides")
    let dilations = try attributes.integers("dilations")
    let window = try Window(
      kernel: try stated.map { values throws(GraphError) in try size(values, "kernel_shape", isFlat) },
      strides: try strides.map { values throws(GraphError) in try size(values, "strides", isFlat) } ?? .init(1, 1),
      dilations: try dilations.map { values throws(GraphError) in try size(values, "dilations", isFlat) }
        ?? .init(1, 1),
      padding: padding)
    return (window, isFlat)
  }

  private func size(_ values: [Int], _ name: String, _ isFlat: Bool) throws(GraphError) -> Window.Size {
    guard values.count == (isFlat ? 1 : 2) else { throw .unsupported("\(name) of \(values.count) dimensions") }
    return isFlat ? Window.Size(1, values[0]) : Window.Size(values[0], values[1])
  }

  private mutating func padding(_ isFlat: Bool) throws(GraphError) -> Window.Padding {
    let pads = try attributes.integers("pads")
    switch try attributes.string("auto_pad") ?? "NOTSET" {
    case "NOTSET", "":
      guard let pads else { return .none }
      guard pads.count == (isFlat ? 2 : 4) else { throw .unsupported("pads of \(pads.count) numbers") }
      return isFlat
        ? .explicit(top: 0, left: pads[0], bottom: 0, right: pads[1])
        : .explicit(top: pads[0], left: pads[1], bottom: pads[2], right: pads[3])
    case "VALID": return .none
    case "SAME_UPPER": return .sameUpper
    case "SAME_LOWER": return .sameLower
    default: throw .attribute("auto_pad")
    }
  }
}
