// What CLASSIFY_ISA may say, and what it means on a processor with given features.

import Testing

@testable import Kernels

@Suite struct CPUFeaturesTests {
  @Test func nothingSetIsEverythingDetected() throws {
    #expect(try CPUFeatures(setting: nil, detected: [.avx2, .fma]) == [.avx2, .fma])
    #expect(try CPUFeatures(setting: "portable", detected: [.avx2, .fma]) == [])
  }

  #if arch(x86_64)
    static let all: CPUFeatures = [.avx2, .fma, .avx512, .vnni, .bf16]

    @Test(
      arguments: [
        ("portable", []), ("avx2", [.avx2, .fma]), ("avx512", all), ("avx512,-vnni", [.avx2, .fma, .avx512, .bf16]),
        ("avx512,-vnni,-bf16", [.avx2, .fma, .avx512]), ("avx2,-vnni", [.avx2, .fma]), ("avx2,-fma", [.avx2]),
      ] as [(String, CPUFeatures)])
    func levelsAndFeaturesLeftOut(_ setting: String, _ expected: CPUFeatures) throws {
      #expect(try CPUFeatures(setting: setting, detected: Self.all) == expected)
    }

    @Test func aLevelUsesNoMoreThanTheProcessorHas() throws {
      let features: CPUFeatures = [.avx2, .fma, .avx512]
      #expect(try CPUFeatures(setting: "avx512", detected: features) == features)
      #expect(throws: CPUFeaturesError.unsupported("avx512")) {
        try CPUFeatures(setting: "avx512", detected: [.avx2, .fma])
      }
      #expect(throws: CPUFeaturesError.unsupported("avx2")) { try CPUFeatures(setting: "avx2", detected: [.avx2]) }
    }
  #endif

  #if arch(arm64)
    static let all: CPUFeatures = [.dotProduct, .int8MatrixMultiply, .bf16]

    @Test(
      arguments: [
        ("portable", []), ("neon", all), ("neon,-bf16", [.dotProduct, .int8MatrixMultiply]),
        ("neon,-i8mm,-bf16", [.dotProduct]), ("neon,-dotprod", [.int8MatrixMultiply, .bf16]),
      ] as [(String, CPUFeatures)])
    func levelsAndFeaturesLeftOut(_ setting: String, _ expected: CPUFeatures) throws {
      #expect(try CPUFeatures(setting: setting, detected: Self.all) == expected)
    }
  #endif

  @Test(arguments: ["", "sse9", "AVX2", "-vnni", " avx2", ",portable"])
  func unknownLevels(_ setting: String) {
    let level = String(setting.split(separator: ",", omittingEmptySubsequences: false)[0])
    #expect(throws: CPUFeaturesError.unknownLevel(level)) { try CPUFeatures(setting: setting) }
  }

  @Test(arguments: ["vnni", "+vnni", "-", "", "-sse9", "--vnni", "- vnni"])
  func invalidFeatures(_ word: String) {
    #expect(throws: CPUFeaturesError.invalidFeature(word)) { try CPUFeatures(setting: "portable,\(word)") }
  }

  @Test func descriptionsNameFeatures() {
    #expect(CPUFeatures([]).description == "portable")
    #expect(CPUFeatures([.vnni, .avx2, .fma, .avx512]).description == "avx2,fma,avx512,vnni")
  }
}
