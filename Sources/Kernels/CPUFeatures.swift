// Which of the instructions that kernels are compiled for run here: asked of the processor once, or restricted by `CLASSIFY_ISA`.

internal import CInstructionSets
internal import Glibc

/// A set of instruction set extensions. The empty set is the portable kernels: SSE2 or NEON, which every 64-bit processor has.
public struct CPUFeatures: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Vectors of 256 bits.
  public static let avx2 = CPUFeatures(rawValue: 1 << 0)
  /// Fused multiply-add.
  public static let fma = CPUFeatures(rawValue: 1 << 1)
  /// Vectors of 512 bits: F, BW and VL.
  public static let avx512 = CPUFeatures(rawValue: 1 << 2)
  /// Sums of four products of bytes on vectors of 512 bits.
  public static let vnni = CPUFeatures(rawValue: 1 << 3)
  /// Products of bfloat16 numbers: sums of two on vectors of 512 bits; Arm's 2 × 4 by 4 × 2 products.
  public static let bf16 = CPUFeatures(rawValue: 1 << 4)
  /// Arm's sums of four products of bytes.
  public static let dotProduct = CPUFeatures(rawValue: 1 << 5)
  /// Arm's 2 × 8 by 8 × 2 products of bytes.
  public static let int8MatrixMultiply = CPUFeatures(rawValue: 1 << 6)

  /// The extensions and their names, as `CLASSIFY_ISA` spells them.
  static let names: [(name: String, feature: CPUFeatures)] = [
    ("avx2", .avx2), ("fma", .fma), ("avx512", .avx512), ("vnni", .vnni), ("bf16", .bf16),
    ("dotprod", .dotProduct), ("i8mm", .int8MatrixMultiply),
  ]

  /// What this processor has and its operating system saves the registers of.
  public static let detected: CPUFeatures = {
    #if arch(x86_64)
      let saved = isa_saved_state()
      func has(_ leaf: UInt32, _ sub: UInt32, _ register: Int32, _ bit: Int32) -> Bool {
        isa_cpuid_bit(leaf, sub, register, bit) == 1
      }
      var features: CPUFeatures = []
      guard saved & 0x6 == 0x6 else { return features }
      if has(7, 0, 1, 5) { features.insert(.avx2) }
      if has(1, 0, 2, 12) { features.insert(.fma) }
      // F, BW, VL
      guard saved & 0xE6 == 0xE6, [16, 30, 31].allSatisfy({ has(7, 0, 1, $0) }) else { return features }
      features.insert(.avx512)
      if has(7, 0, 2, 11) { features.insert(.vnni) }
      if has(7, 1, 0, 5) { features.insert(.bf16) }
      return features
    #elseif arch(arm64)
      var features: CPUFeatures = []
      if isa_has_dot_product() == 1 { features.insert(.dotProduct) }
      if isa_has_int8_matrix_multiply() == 1 { features.insert(.int8MatrixMultiply) }
      if isa_has_bfloat16() == 1 { features.insert(.bf16) }
      return features
    #else
      return []
    #endif
  }()

  /// The features every kernel uses by default: those that `CLASSIFY_ISA` names if it is valid, else `detected`.
  /// A tool reports an invalid value by calling `init(setting:)` itself.
  public static let current: CPUFeatures = (try? CPUFeatures(setting: forced)) ?? detected

  /// The value of `CLASSIFY_ISA`, nil where it is not set.
  public static var forced: String? { getenv("CLASSIFY_ISA").map { String(cString: $0) } }
}

extension CPUFeatures: CustomStringConvertible {
  public var description: String {
    let names = Self.names.filter { contains($0.feature) }.map(\.name)
    return names.isEmpty ? "portable" : names.joined(separator: ",")
  }
}
