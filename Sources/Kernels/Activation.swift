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
  /// x / (1 + e^(−alpha·x)); SiLU with alpha 1
  case swish(alpha: Float)
  case tanh
  case erf
  /// x · (1 + erf(x / √2)) / 2
  case gelu
  /// x · (1 + tanh(√(2/π) · (x + 0.044715·x³))) / 2
  case tanhGelu

  /// The scalar reference of every vectorised form.
  public func callAsFunction(_ x: Float) -> Float {
    switch self {
    case .none: x
    case .relu: x < 0 ? 0 : x
    case .clip(let low, let high): Self.clip(x, low, high)
    case .sigmoid: 1 / (1 + expf(-x))
    case .hardSigmoid(let alpha, let beta): Self.clip(alpha * x + beta, 0, 1)
    case .hardSwish: x * Self.clip(x * (1 / 6) + 0.5, 0, 1)
    case .leakyRelu(let alpha): x < 0 ? alpha * x : x
    case .swish(let alpha): x / (1 + expf(-alpha * x))
    case .tanh: tanhf(x)
    case .erf: erff(x)
    case .gelu: 0.5 * x * (1 + erff(x * 0.707_106_78))
    case .tanhGelu: 0.5 * x * (1 + tanhf(0.797_884_56 * (x + 0.044_715 * x * x * x)))
    }
  }

  private static func clip(_ x: Float, _ low: Float, _ high: Float) -> Float {
    let raised = x < low ? low : x
    return raised > high ? high : raised
  }
}
