// When a file counts as changed: a pure function, and its table.

import AWS

/// Which way the bytes go.
enum Direction: String, Sendable {
  case upload
  case download
  case copy
}

/// Which differences make two items with the same key different.
enum Comparison: Equatable, Sendable {
  case sizeAndTime
  case sizeOnly
  /// Size, and then the bytes themselves.
  case checksum
}

/// Everything that flags say about when an item is transferred.
struct ComparisonRules: Equatable, Sendable {
  var comparison = Comparison.sizeAndTime
  /// --update: items that are newer at the target are skipped.
  var skipsNewerTargets = false
  /// --no-overwrite, and --if-none-match: items that the target has are skipped.
  var skipsExistingTargets = false
  /// Objects carry the modification times of their files.
  var usesFileTimes = true

  /// Whether a flag asks for a comparison. A mirror always compares; a single item only then.
  var comparesOnRequest: Bool { comparison != .sizeAndTime || skipsNewerTargets || skipsExistingTargets }
}

enum Decision: Equatable, Sendable {
  case skip
  case transfer
  /// Decided by the object's metadata, which may hold the file's time.
  case compareTimes
  /// Decided by comparing the bytes.
  case compareBytes
}

/// Whether the source has to be transferred, the first row that fits deciding:
///
///     target      sizes      flag            direction        times                          decision
///     absent      –          any             any              –                              transfer
///     exists      any        --no-overwrite  any              –                              skip
///     exists      any        --update        any              target newer than source       skip
///     exists      any        --update        download         target older than source       compare times
///     exists      differ     any             any              –                              transfer
///     exists      equal      --size-only     any              –                              skip
///     exists      equal      --checksum      any              –                              compare bytes
///     exists      equal      –               upload, copy     source newer than target       transfer
///     exists      equal      –               upload, copy     source as old, or older        skip
///     exists      equal      –               download         equal                          skip
///     exists      equal      –               download         source newer or older          compare times
///
/// A download gives the file the time that the object's metadata holds, or the object's own: any other time means that
/// one of the two has changed. (aws-cli skips an object that is older than the file.) With --no-mtime the times of
/// metadata do not count, and "compare times" is "transfer". Times are compared at the coarser of their two resolutions:
/// S3 lists whole seconds, other services milliseconds. A time that is not known is unlike any other.
func decide(source: Entry, target: Entry?, direction: Direction, rules: ComparisonRules) -> Decision {
  guard let target else { return .transfer }
  if rules.skipsExistingTargets { return .skip }
  let order = order(source.modified, target.modified)
  let byMetadata: Decision = rules.usesFileTimes ? .compareTimes : .transfer
  if rules.skipsNewerTargets {
    if let order, order < 0 { return .skip }
    if direction == .download, order != 0, rules.usesFileTimes { return .compareTimes }
  }
  if source.size != target.size { return .transfer }
  switch rules.comparison {
  case .sizeOnly: return .skip
  case .checksum: return .compareBytes
  case .sizeAndTime:
    return switch direction {
    case .upload, .copy: order.map { $0 > 0 } ?? true ? .transfer : .skip
    case .download: order == 0 ? .skip : byMetadata
    }
  }
}

/// What an object's metadata decides where listing and file alone could not.
///
/// - Parameters:
///   - fileTime: of the file that the object was made from; nil where the object does not say.
///   - target: the file as it is.
func decide(source: Entry, fileTime: Timestamp?, target: Entry, rules: ComparisonRules) -> Decision {
  guard let fileTime, let modified = target.modified else { return .transfer }
  let order = compare(fileTime, modified)
  if rules.skipsNewerTargets, order < 0 { return .skip }
  return order == 0 && source.size == target.size ? .skip : .transfer
}

private func order(_ left: Timestamp?, _ right: Timestamp?) -> Int64? {
  guard let left, let right else { return nil }
  return compare(left, right)
}

/// Below 0, 0 or above 0, as the left instant is before, at or after the right one.
func compare(_ left: Timestamp, _ right: Timestamp) -> Int64 {
  if left.seconds != right.seconds { return left.seconds < right.seconds ? -1 : 1 }
  let milliseconds = (left.nanoseconds / 1_000_000, right.nanoseconds / 1_000_000)
  if milliseconds.0 == 0 || milliseconds.1 == 0 { return 0 }
  return Int64(milliseconds.0 - milliseconds.1)
}
