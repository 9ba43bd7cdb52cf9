// Which of the compiled instruction sets runs here: asked of the processor once, or forced by `CLASSIFY_ISA`.

internal import CInstructionSets
internal import Glibc

/// Why a forced instruction set cannot be had.
public enum InstructionSetError: Error, Equatable {
  /// No instruction set has this name.
  case unknown(String)
  /// The kernels exist, but this processor (or its operating system) cannot run them.
  case unsupported(InstructionSet)
}

/// An instruction set that the kernels are compiled for, narrowest first.
public enum InstructionSet: String, CaseIterable, Sendable, Comparable {
  /// Vectors of 128 bits, which every 64-bit processor has (SSE2, NEON).
  case portable
  /// 256 bits and fused multiply-add.
  case avx2
  /// 512 bits (F, VL, BW).
  case avx512

  /// The set `name` asks for, or with nil the widest that runs here.
  public init(forced name: String?) throws(InstructionSetError) {
    guard let name else {
      self = Self.widest
      return
    }
    guard let named = InstructionSet(rawValue: name) else { throw .unknown(name) }
    guard named.isSupported else { throw .unsupported(named) }
    self = named
  }

  /// The widest set that runs here.
  public static let widest: InstructionSet = allCases.last { $0.isSupported } ?? .portable

  /// The set every kernel uses unless told otherwise: `CLASSIFY_ISA`'s where that is valid, else the widest.
  /// A tool reports an invalid value by calling `init(forced:)` itself.
  public static let current: InstructionSet = {
    let forced = getenv("CLASSIFY_ISA").map { String(cString: $0) }
    return (try? InstructionSet(forced: forced)) ?? widest
  }()

  /// Whether this processor has the instructions and the operating system saves their registers.
  public var isSupported: Bool {
    #if arch(x86_64)
      let saved = isa_saved_state()
      switch self {
      case .portable: return true
      case .avx2: return saved & 0x6 == 0x6 && isa_cpuid_bit(7, 0, 1, 5) == 1 && isa_cpuid_bit(1, 0, 2, 12) == 1
      case .avx512:
        let present = [16, 30, 31].allSatisfy { isa_cpuid_bit(7, 0, 1, $0) == 1 }  // F, BW, VL
        return saved & 0xE6 == 0xE6 && present && isa_cpuid_bit(1, 0, 2, 12) == 1
      }
    #else
      return self == .portable
    #endif
  }

  public static func < (a: InstructionSet, b: InstructionSet) -> Bool {
    allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)!
  }
}
