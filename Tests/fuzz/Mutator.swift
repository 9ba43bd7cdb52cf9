// Random changes to a file: bits, bytes, fields, pieces left out, repeated or taken from another file.

/// A small fast generator (SplitMix64): the same seed gives the same inputs.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}

/// Makes inputs out of seeds.
struct Mutator {
  private var random: SplitMix
  private let seeds: [[UInt8]]

  /// Values at the limits of fields, and bytes that mean something in the formats read here.
  private static let bytes: [UInt8] =
    [
      0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 63, 64, 127, 128, 0xC0, 0xC2, 0xC4, 0xD9, 0xDA, 0xDB, 0xDD, 0xE1, 0xFE,
      0xFF,
    ]
    + Array("\"{}[],:<>&;/=\n\r 09-".utf8)

  /// - Parameter seeds: at least one file, each with at least one byte.
  init(seeds: [[UInt8]], random: SplitMix) {
    self.seeds = seeds
    self.random = random
  }

  /// The next input: a seed with one to five changes.
  mutating func next() -> [UInt8] {
    var input = seeds.randomElement(using: &random)!
    for _ in 0..<[1, 1, 1, 2, 2, 3, 5].randomElement(using: &random)! where !input.isEmpty { change(&input) }
    return input
  }

  private mutating func change(_ input: inout [UInt8]) {
    // Half of the changes are near the beginning, where the headers are.
    let near = min(input.count, 700)
    let at = Int.random(in: 0..<(Bool.random(using: &random) ? near : input.count), using: &random)
    switch Int.random(in: 0..<16, using: &random) {
    case 0..<5: input[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 5..<9: input[at] = Self.bytes.randomElement(using: &random)!
    case 9: field(&input, at)
    case 10: input.removeSubrange(at..<min(input.count, at + length()))
    case 11: input.insert(contentsOf: (0..<length()).map { _ in Self.bytes.randomElement(using: &random)! }, at: at)
    case 12: input.insert(contentsOf: input[at..<min(input.count, at + length())], at: at)
    case 13...14:
      let other = seeds.randomElement(using: &random)!
      let from = Int.random(in: 0..<other.count, using: &random)
      input.replaceSubrange(
        at..<min(input.count, at + length()), with: other[from..<min(other.count, from + length())])
    default: input.removeSubrange(at...)
    }
  }

  /// A number of two, four or eight bytes, in either order.
  private mutating func field(_ input: inout [UInt8], _ at: Int) {
    let size = [2, 4, 8].randomElement(using: &random)!
    let values: [UInt64] = [
      0, 1, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 40, 1 << 62, .max,
    ]
    let value = values.randomElement(using: &random)!
    let isLittleEndian = Bool.random(using: &random)
    for index in 0..<min(size, input.count - at) {
      input[at + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * (isLittleEndian ? index : size - 1 - index)))
    }
  }

  private mutating func length() -> Int { [1, 2, 3, 4, 8, 16, 64, 512].randomElement(using: &random)! }
}
