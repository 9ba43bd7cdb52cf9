// When a file counts as changed: a pure function, and its table.

import AWS

/// Which way the bytes go.
enum Direction: String, Sendable {
  case upload
  case download
  case copy
}

/// What makes two items with the same key different.
enum Comparison: Equatable, Sendable {
  case sizeAndTime
  case sizeOnly
  /// Size, and then the bytes themselves.
  case checksum
}

enum Decision: Equatable, Sendable {
  case skip
  case transfer
  /// Only the bytes can tell.
  case compareBytes
}

/// Whether the source has to be transferred, the first row that fits deciding:
///
///     target      sizes      flag          direction        times                          decision
///     absent      –          any           any              –                              transfer
///     there       differ     any           any              –                              transfer
///     there       equal      --size-only   any              –                              skip
///     there       equal      --checksum    any              –                              compare bytes
///     there       equal      –             upload, copy     source newer than target       transfer
///     there       equal      –             upload, copy     source as old, or older        skip
///     there       equal      –             download         equal                          skip
///     there       equal      –             download         source newer or older          transfer
///
/// A download gives the file the object's time, so any other time means that one of the two has changed; aws-cli skips
/// an object that is newer than the file. Times are compared at the coarser of their two resolutions: S3 lists whole
/// seconds, other services milliseconds.
func decide(source: Entry, target: Entry?, direction: Direction, comparison: Comparison) -> Decision {
  guard let target else { return .transfer }
  if source.size != target.size { return .transfer }
  switch comparison {
  case .sizeOnly: return .skip
  case .checksum: return .compareBytes
  case .sizeAndTime:
    let order = compare(source.modified, target.modified)
    return switch direction {
    case .upload, .copy: order > 0 ? .transfer : .skip
    case .download: order != 0 ? .transfer : .skip
    }
  }
}

/// Below 0, 0 or above 0, as the left instant is before, at or after the right one.
private func compare(_ left: Timestamp, _ right: Timestamp) -> Int64 {
  if left.seconds != right.seconds { return left.seconds < right.seconds ? -1 : 1 }
  let milliseconds = (left.nanoseconds / 1_000_000, right.nanoseconds / 1_000_000)
  if milliseconds.0 == 0 || milliseconds.1 == 0 { return 0 }
  return Int64(milliseconds.0 - milliseconds.1)
}
