// --include and --exclude, as aws-cli means them: every filter is looked at, the last that matches decides.
// https://docs.aws.amazon.com/cli/latest/reference/s3/#use-of-exclude-and-include-filters

import S3

/// A pattern over the whole of a name: `*` any bytes, `/` too; `?` one character; `[a-z]`, `[!a-z]` one of a set.
struct Glob: Equatable, Sendable {
  private enum Element: Equatable, Sendable {
    case scalar(Unicode.Scalar)
    case any
    case anyRun
    case set([ClosedRange<Unicode.Scalar>], isInverted: Bool)
  }

  private let elements: [Element]

  init(_ pattern: String) {
    var elements = [Element]()
    var rest = Array(pattern.unicodeScalars)[...]
    while let scalar = rest.popFirst() {
      switch scalar {
      case "*": if elements.last != .anyRun { elements.append(.anyRun) }
      case "?": elements.append(.any)
      case "[":
        if let (set, after) = Self.set(rest) {
          elements.append(set)
          rest = after
        } else {
          elements.append(.scalar("["))
        }
      default: elements.append(.scalar(scalar))
      }
    }
    self.elements = elements
  }

  /// The set after a `[`, and what follows its `]`; nil where it is not closed, and the bracket stands for itself.
  private static func set(_ text: ArraySlice<Unicode.Scalar>) -> (Element, ArraySlice<Unicode.Scalar>)? {
    var rest = text
    let isInverted = rest.first == "!"
    if isInverted { rest.removeFirst() }
    var ranges = [ClosedRange<Unicode.Scalar>]()
    var isFirst = true
    while let scalar = rest.popFirst() {
      if scalar == "]" && !isFirst { return (.set(ranges, isInverted: isInverted), rest) }
      isFirst = false
      if rest.first == "-", let end = rest.dropFirst().first, end != "]" {
        rest = rest.dropFirst(2)
        if scalar <= end { ranges.append(scalar...end) }
      } else {
        ranges.append(scalar...scalar)
      }
    }
    return nil
  }

  /// Whether the pattern fits the whole name. Time grows with the product of the two lengths at most.
  func matches(_ name: String) -> Bool {
    let scalars = Array(name.unicodeScalars)
    var position = 0
    var element = 0
    // Where to go on when the last run has to take one more.
    var retry: (element: Int, position: Int)?
    while position < scalars.count {
      if element < elements.count, elements[element] == .anyRun {
        retry = (element + 1, position)
        element += 1
      } else if element < elements.count, Self.fits(elements[element], scalars[position]) {
        element += 1
        position += 1
      } else if let last = retry {
        retry = (last.element, last.position + 1)
        (element, position) = (last.element, last.position + 1)
      } else {
        return false
      }
    }
    return elements[element...].allSatisfy { $0 == .anyRun }
  }

  private static func fits(_ element: Element, _ scalar: Unicode.Scalar) -> Bool {
    switch element {
    case .scalar(let wanted): wanted == scalar
    case .any, .anyRun: true
    case .set(let ranges, let isInverted): ranges.contains { $0.contains(scalar) } != isInverted
    }
  }
}

/// The filters of one run, in the order they were given.
struct Filter: Equatable, Sendable {
  struct Rule: Equatable, Sendable {
    let includes: Bool
    let glob: Glob
  }

  var rules: [Rule] = []

  /// Whether a name, relative to the folder or the prefix, takes part. Without rules everything does.
  func admits(_ key: Key) -> Bool {
    if rules.isEmpty { return true }
    let name = key.text
    return rules.last { $0.glob.matches(name) }?.includes ?? true
  }
}
