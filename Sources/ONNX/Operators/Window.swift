internal import Network

extension NodeImport {
  /// kernel_shape, strides, dilations, auto_pad and pads of a convolution or pooling over height and width.
  mutating func window() throws(GraphError) -> Window {
    let padding = try padding()
    let kernel = try attributes.integers("kernel_shape").map { [$0] } ?? []
    return try Window(
      kernel: kernel.isEmpty ? nil : size(kernel[0], "kernel_shape"),
      strides: try size(attributes.integers("strides") ?? [1, 1], "strides"),
      dilations: try size(attributes.integers("dilations") ?? [1, 1], "dilations"), padding: padding)
  }

  private func size(_ values: [Int], _ name: String) throws(GraphError) -> Window.Size {
    guard values.count == 2 else { throw .unsupported("\(name) of \(values.count) dimensions") }
    return Window.Size(values[0], values[1])
  }

  private mutating func padding() throws(GraphError) -> Window.Padding {
    let pads = try attributes.integers("pads")
    switch try attributes.string("auto_pad") ?? "NOTSET" {
    case "NOTSET", "":
      guard let pads else { return .none }
      guard pads.count == 4 else { throw .unsupported("pads of \(pads.count) numbers") }
      return .explicit(top: pads[0], left: pads[1], bottom: pads[2], right: pads[3])
    case "VALID": return .none
    case "SAME_UPPER": return .sameUpper
    case "SAME_LOWER": return .sameLower
    default: throw .attribute("auto_pad")
    }
  }
}
