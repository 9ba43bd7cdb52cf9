// One axis of a sliding window: its padding and how many positions it has.

/// A sliding window along one axis of an input.
struct AxisWindow {
  enum Padding {
    case explicit(before: Int, after: Int)
    case sameUpper, sameLower
  }

  let kernel: Int
  let stride: Int
  let dilation: Int
  /// Positions added in front of the input and behind it.
  let before: Int
  let after: Int
  /// Positions of the window: the result's length.
  let output: Int

  /// - Parameters:
  ///   - input: the input's length.
  ///   - roundUp: a last window that is only partly inside counts, if it starts inside the input or the padding before it.
  init(
    over input: Int, kernel: Int, stride: Int, dilation: Int, padding: Padding, roundUp: Bool
  ) throws(GraphError) {
    (self.kernel, self.stride, self.dilation) = (kernel, stride, dilation)
    let reach = dilation * (kernel - 1) + 1
    switch padding {
    case .explicit(let before, let after):
      let movement = input + before + after - reach
      if movement < 0 { throw .unsupported("a window larger than its padded input") }
      var output = (movement + (roundUp ? stride - 1 : 0)) / stride + 1
      if roundUp && (output - 1) * stride >= input + before { output -= 1 }
      (self.before, self.after, self.output) = (before, after, output)
    case .sameUpper, .sameLower:
      output = (input + stride - 1) / stride
      let total = max(0, (output - 1) * stride + reach - input)
      let small = total / 2
      if case .sameUpper = padding {
        (before, after) = (small, total - small)
      } else {
        (before, after) = (total - small, small)
      }
    }
  }

  /// Whether the window has an element of the input at every position. A dilated one may step over the whole input.
  func holdsInput(ofLength input: Int) -> Bool {
    (0..<output).allSatisfy { position in
      let start = position * stride - before
      // The first element that is not in front of the input.
      let first = max(0, (dilation - 1 - start) / dilation)
      return first < kernel && start + first * dilation < input
    }
  }
}
