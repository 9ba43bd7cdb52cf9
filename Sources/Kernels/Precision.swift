// The precision of products with constant weights.

/// What convolutions and products with constant weights multiply in; sums, and all else, are float32.
public enum Precision: String, CaseIterable, Sendable {
  case float32
  /// bfloat16, where that is faster than float32.
  case bf16

  /// What a model runs in that is asked to run in this one: float32 without instructions for products of bfloat16.
  public func supported(by features: CPUFeatures = .current) -> Precision {
    self == .bf16 && !features.hasBFloat16Products ? .float32 : self
  }

  /// The extension with products of bfloat16, by its name in the processor's manual.
  public static let bfloat16Extension: String = {
    #if arch(arm64)
      "FEAT_BF16"
    #else
      "AVX512_BF16"
    #endif
  }()
}
