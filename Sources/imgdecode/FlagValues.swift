// The syntax of the flags' values.

import ArgumentParser
import Streams

/// `640x480`.
struct SizeArgument: ExpressibleByArgument {
  let size: Size

  init?(argument: String) {
    let sides = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard sides.count == 2, let width = sides[0], let height = sides[1], GeometryFlags.sides.contains(width),
      GeometryFlags.sides.contains(height)
    else { return nil }
    size = Size(width: width, height: height)
  }
}

/// `0.0039` or `1/255`.
struct Fraction: ExpressibleByArgument {
  let value: Double

  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Double($0) }
    guard (1...2).contains(parts.count), let numerator = parts[0], let denominator = parts.count == 2 ? parts[1] : 1,
      (numerator / denominator).isFinite
    else { return nil }
    value = numerator / denominator
  }
}

/// `0.5` or `0.485,0.456,0.406`.
struct ChannelValues: ExpressibleByArgument {
  /// Three, the same where one was given.
  let values: [Double]
  let isSingle: Bool

  init?(argument: String) {
    guard let numbers: [Double] = finiteNumbers(argument), [1, 3].contains(numbers.count) else { return nil }
    isSingle = numbers.count == 1
    values = isSingle ? Array(repeating: numbers[0], count: 3) : numbers
  }
}
