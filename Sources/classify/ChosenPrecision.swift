// The precision that was asked for, and the one this processor runs.

import Kernels
import Streams

/// `--precision`, else `CLASSIFY_PRECISION`, else float32.
struct ChosenPrecision {
  private let asked: Precision
  /// float32 where the processor has no products of bfloat16.
  let used: Precision
  var name: String { used.rawValue }

  init(_ flag: Precision?) throws(ConfigurationError) {
    var asked = flag ?? .float32
    if flag == nil, let value = environment("CLASSIFY_PRECISION") {
      guard let named = Precision(rawValue: value) else { throw .precision(value) }
      asked = named
    }
    self.asked = asked
    used = asked.supported()
  }

  /// One line on standard error where the model does not run in the precision that was asked for.
  func reportFallback() {
    guard used != asked else { return }
    report(
      tool: Classify.name,
      reason:
        "precision \(asked.rawValue) needs \(Precision.bfloat16Extension), which is not available: running in \(name)")
  }
}
