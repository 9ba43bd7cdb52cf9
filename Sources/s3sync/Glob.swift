// --include and --exclude with aws-cli's semantics: every filter is evaluated, the last that matches decides.
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

  /// The set after a `[`, and what follows its `]`; nil where it is not closed: the bracket is then literal.
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

  /// Whether all, some or none of the names that begin with a prefix match.
  enum Reach {
    case none
    case some
    case all
  }

  /// Which of the names that begin with the prefix match: the pattern is run over the prefix as a nondeterministic
  /// automaton, whose states are positions in the pattern.
  func reach(below prefix: String) -> Reach {
    var states = closure(of: [0])
    for scalar in prefix.unicodeScalars {
      var next = Set<Int>()
      for state in states where state < elements.count {
        if elements[state] == .anyRun {
          next.insert(state)
        } else if Self.fits(elements[state], scalar) {
          next.insert(state + 1)
        }
      }
      states = closure(of: next)
      if states.isEmpty { return .none }
    }
    // A run at the pattern's end matches any rest.
    if states.contains(where: { $0 == elements.count - 1 && elements[$0] == .anyRun }) { return .all }
    return states.contains { $0 < elements.count } ? .some : .none
  }

  /// The states and those that are reached from them without a character.
  private func closure(of states: Set<Int>) -> Set<Int> {
    var result = states
    for state in states {
      var state = state
      while state < elements.count, elements[state] == .anyRun {
        state += 1
        result.insert(state)
      }
    }
    return result
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

  /// Whether any name below a folder could take part.
  ///
  /// - Parameter folder: ends in a slash.
  func admitsBelow(_ folder: Key) -> Bool {
    let prefix = folder.text
    for rule in rules.reversed() {
      switch rule.glob.reach(below: prefix) {
      case .all: return rule.includes
      case .some: if rule.includes { return true }
      case .none: break
      }
    }
    return true
  }
}
