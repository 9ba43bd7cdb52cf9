// Output sizes and refused parameters of convolution and pooling windows.

import Testing

@testable import Network

/// Output sizes as the ONNX specification's formulas give them.
struct WindowTests {
  @Test(arguments: [
    // input, kernel, stride, dilation, padding, ceil, output, before
    (224, 7, 2, 1, Window.Padding.explicit(top: 3, left: 3, bottom: 3, right: 3), false, 112, 3),
    (112, 3, 2, 1, .none, true, 56, 0), (112, 3, 2, 1, .none, false, 55, 0), (7, 3, 2, 1, .sameUpper, false, 4, 1),
    (8, 3, 2, 1, .sameUpper, false, 4, 0), (8, 3, 2, 1, .sameLower, false, 4, 1), (5, 2, 1, 3, .none, false, 2, 0),
    // The last window would start in the padding behind the input: it does not count.
    (2, 1, 2, 1, .explicit(top: 0, left: 0, bottom: 1, right: 1), true, 1, 0),
  ])
  func sizes(
    input: Int, kernel: Int, stride: Int, dilation: Int, padding: Window.Padding, ceil: Bool, output: Int, before: Int
  ) throws {
    let window = try Window(
      kernel: .init(kernel, kernel), strides: .init(stride, stride), dilations: .init(dilation, dilation),
      padding: padding)
    let placed = try window.placed(over: .init(input, input), kernel: .init(kernel, kernel), roundUp: ceil)
    #expect(placed.output == .init(output, output))
    #expect(placed.rows.before == before && placed.columns.before == before)
  }

  @Test func refusals() {
    #expect(throws: GraphError.attribute("strides")) {
      try Window(kernel: nil, strides: .init(0, 1), dilations: .init(1, 1), padding: .none)
    }
    #expect(throws: GraphError.attribute("pads")) {
      try Window(
        kernel: nil, strides: .init(1, 1), dilations: .init(1, 1),
        padding: .explicit(top: -1, left: 0, bottom: 0, right: 0))
    }
  }
}
