// Sizes on the command line.

import ASCII

/// Reads `8M`, `8MB`, `8MiB`, `8m`, `1048576`: powers of 1,024; nil for anything else, and for 0.
func byteCount(_ text: String) -> Int64? {
  let digits = text.prefix { $0.isASCII && $0.isNumber }
  let shifts: [String: Int64] = ["": 0, "b": 0, "k": 10, "m": 20, "g": 30, "t": 40]
  var unit = text[digits.endIndex...].lowercased()
  if unit.count == 3, unit.hasSuffix("ib") { unit.removeLast(2) }
  if unit.count == 2, unit.hasSuffix("b") { unit.removeLast() }
  guard let number = Int64(digits), number > 0, let shift = shifts[unit] else { return nil }
  let (value, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
  return overflow ? nil : value
}

/// --max-delete: a number of items, or a share of the target's.
enum DeletionLimit: Equatable, Sendable {
  case count(Int)
  case percent(Int)

  /// Nil for what is neither `N` nor `N%`.
  init?(_ text: String) {
    let digits = text.hasSuffix("%") ? text.dropLast() : text[...]
    guard digits.utf8.allSatisfy(\.isASCIIDigit), let number = Int(digits) else { return nil }
    if text.hasSuffix("%") {
      guard number <= 100 else { return nil }
      self = .percent(number)
    } else {
      self = .count(number)
    }
  }

  /// How many of a target's items may be deleted.
  func limit(ofItems count: Int) -> Int {
    switch self {
    case .count(let limit): limit
    case .percent(let percent): Int((Double(count) * Double(percent) / 100).rounded(.down))
    }
  }
}
