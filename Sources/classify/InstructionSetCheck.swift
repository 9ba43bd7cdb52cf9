// CLASSIFY_ISA, checked before any kernel runs.

import Kernels

/// Throws unless CLASSIFY_ISA is unset or valid on this processor: a mistyped value would be measured as another instruction set.
func checkInstructionSet() throws(ConfigurationError) {
  guard let setting = CPUFeatures.forced else { return }
  do { _ = try CPUFeatures(setting: setting) } catch {
    let reason =
      switch error {
      case .unknownLevel:
        "unknown instruction set: expected \(CPUFeatures.levelNames.joined(separator: ", ")), then features to leave out, "
          + "as in avx512,-vnni"
      case .invalidFeature(let word): "invalid feature \"\(word)\": expected - and a name, as in avx512,-vnni"
      case .unsupported(let level): "this processor cannot run \(level)"
      }
    throw .instructionSet(setting: setting, reason: reason)
  }
}
