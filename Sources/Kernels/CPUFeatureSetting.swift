// The grammar of CLASSIFY_ISA: a level, then features to leave out: `portable`, `avx2`, `avx512`, `avx512,-vnni`; on Arm
// `portable` and `neon`, `neon,-i8mm`.

/// Why a value of `CLASSIFY_ISA` is invalid.
public enum CPUFeaturesError: Error, Equatable {
  /// No level has this name.
  case unknownLevel(String)
  /// Not `-` and the name of a feature.
  case invalidFeature(String)
  /// Kernels exist for the level, but this processor or its operating system cannot run them.
  case unsupported(String)
}

extension CPUFeatures {
  /// A level: the features it cannot do without, and those it uses where the processor has them.
  private struct Level {
    var name: String
    var required: CPUFeatures
    var optional: CPUFeatures
  }

  private static let levels: [Level] = {
    let portable = Level(name: "portable", required: [], optional: [])
    #if arch(x86_64)
      return [
        portable, Level(name: "avx2", required: [.avx2, .fma], optional: []),
        Level(name: "avx512", required: [.avx2, .fma, .avx512], optional: [.vnni, .bf16]),
      ]
    #elseif arch(arm64)
      return [portable, Level(name: "neon", required: [], optional: [.dotProduct, .int8MatrixMultiply, .bf16])]
    #else
      return [portable]
    #endif
  }()

  /// The names of this architecture's levels.
  public static var levelNames: [String] { levels.map(\.name) }

  /// The features that `setting` asks for; all of `detected` with nil.
  public init(setting: String?, detected: CPUFeatures = .detected) throws(CPUFeaturesError) {
    guard let setting else {
      self = detected
      return
    }
    let words = setting.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard let level = Self.levels.first(where: { $0.name == words[0] }) else { throw .unknownLevel(words[0]) }
    guard detected.isSuperset(of: level.required) else { throw .unsupported(level.name) }
    var features = level.required.union(level.optional.intersection(detected))
    for word in words.dropFirst() {
      guard word.hasPrefix("-"), let named = Self.names.first(where: { $0.name == word.dropFirst() }) else {
        throw .invalidFeature(word)
      }
      features.subtract(named.feature)
    }
    self = features
  }
}
