// The functions that may follow a convolution inside its epilogue, or run alone over a buffer.

internal import Glibc

/// A function applied to every element. NaN stays NaN.
public enum Activation: Equatable, Sendable {
  case none
  /// max(x, 0)
  case relu
  case clip(min: Float, max: Float)
  /// 1 / (1 + e^-x)
  case sigmoid
  /// clip(alpha·x + beta, 0, 1)
  case hardSigmoid(alpha: Float, beta: Float)
  /// x · clip(x/6 + 1/2, 0, 1)
  case hardSwish
  /// x below 0: alpha·x
  case leakyRelu(alpha: Float)

  /// The plain twin of every vectorised form.
  func callAsFunction(_ x: Float) -> Float {
    switch self {
    case .none: x
    case .relu: x < 0 ? 0 : x
    case .clip(let low, let high): Self.clip(x, low, high)
    case .sigmoid: 1 / (1 + expf(-x))
    case .hardSigmoid(let alpha, let beta): Self.clip(alpha * x + beta, 0, 1)
    case .hardSwish: x * Self.clip(x * (1 / 6) + 0.5, 0, 1)
    case .leakyRelu(let alpha): x < 0 ? alpha * x : x
    }
  }

  private static func clip(_ x: Float, _ low: Float, _ high: Float) -> Float {
    let raised = x < low ? low : x
    return raised > high ? high : raised
  }
}
