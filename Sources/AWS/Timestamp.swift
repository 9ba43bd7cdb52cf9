// Instants as AWS writes them: ISO 8601 in XML and JSON, its basic form in signatures, RFC 1123 in headers.

import ASCII

/// An instant of Unix time, at nanosecond resolution, in the proleptic Gregorian calendar and UTC.
package struct Timestamp: Comparable, Hashable, Sendable {
  /// Whole seconds since 1970, rounded down.
  package let seconds: Int64
  /// The rest, 0 ..< 1,000,000,000.
  package let nanoseconds: Int32

  package init(seconds: Int64, nanoseconds: Int32 = 0) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  package static func < (left: Timestamp, right: Timestamp) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }

  /// This instant and a number of seconds more.
  func advanced(by seconds: Int64) -> Timestamp {
    Timestamp(seconds: self.seconds + seconds, nanoseconds: nanoseconds)
  }

  /// `20150830T123600Z`, the form of `x-amz-date`.
  var basic: String {
    let (year, month, day, hour, minute, second) = fields
    return "\(pad(year, 4))\(pad(month, 2))\(pad(day, 2))T\(pad(hour, 2))\(pad(minute, 2))\(pad(second, 2))Z"
  }

  /// `2015-08-30T12:36:00.000Z`, the form of S3's listings.
  package var iso8601: String {
    let (year, month, day, hour, minute, second) = fields
    let millisecond = Int(nanoseconds / 1_000_000)
    return "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))T\(pad(hour, 2)):\(pad(minute, 2)):\(pad(second, 2))"
      + ".\(pad(millisecond, 3))Z"
  }

  /// `2015-08-30T12:36:00Z`, the form of cached tokens.
  var iso8601Seconds: String { iso8601.prefix { $0 != "." } + "Z" }

  /// Reads ISO 8601 with `-`, `:` and a zone (`Z`, `±hh:mm`, or the `UTC` of old SSO caches); nil where it is not that.
  package init?(iso8601 text: String) {
    var bytes = Array(text.utf8)[...]
    guard let year = digits(&bytes, 4), drop(&bytes, "-"), let month = digits(&bytes, 2), drop(&bytes, "-"),
      let day = digits(&bytes, 2), drop(&bytes, "T") || drop(&bytes, " "), let hour = digits(&bytes, 2),
      drop(&bytes, ":"), let minute = digits(&bytes, 2), drop(&bytes, ":"), let second = digits(&bytes, 2)
    else { return nil }
    var nanoseconds: Int32 = 0
    if drop(&bytes, ".") {
      var scale: Int32 = 100_000_000
      guard let first = bytes.first, first.isASCIIDigit else { return nil }
      while let digit = bytes.first, digit.isASCIIDigit {
        nanoseconds += Int32(digit - UInt8(ascii: "0")) * scale
        scale /= 10
        bytes = bytes.dropFirst()
      }
    }
    var offset = 0
    if !drop(&bytes, "Z"), !drop(&bytes, "UTC") {
      let sign = drop(&bytes, "+") ? 1 : drop(&bytes, "-") ? -1 : 0
      guard sign != 0, let hours = digits(&bytes, 2), hours < 24 else { return nil }
      _ = drop(&bytes, ":")
      guard let minutes = digits(&bytes, 2), minutes < 60 else { return nil }
      offset = sign * (hours * 3600 + minutes * 60)
    }
    guard bytes.isEmpty, let seconds = unixSeconds(year, month, day, hour, minute, second) else { return nil }
    self.init(seconds: seconds - Int64(offset), nanoseconds: nanoseconds)
  }

  /// Reads RFC 1123, `Sun, 30 Aug 2015 12:36:00 GMT`; nil where it is not that.
  package init?(http text: String) {
    let words = text.split(separator: " ")
    guard words.count == 6, words[5] == "GMT", words[0].hasSuffix(","), let day = Int(words[1]),
      let year = Int(words[3]),
      let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        .firstIndex(where: { $0 == words[2] })
    else { return nil }
    let clock = words[4].split(separator: ":").map { Int($0) }
    guard clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2],
      let seconds = unixSeconds(year, month + 1, day, hour, minute, second)
    else { return nil }
    self.init(seconds: seconds)
  }

  /// Year, month, day, hour, minute, second. Days to civil date after H. Hinnant, "chrono-compatible date algorithms".
  private var fields: (Int, Int, Int, Int, Int, Int) {
    let secondOfDay = Int(modulo(seconds, 86_400))
    let shifted = Int((seconds - Int64(secondOfDay)) / 86_400) + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (
      year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1,
      secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60
    )
  }
}

private func modulo(_ value: Int64, _ divisor: Int64) -> Int64 {
  let rest = value % divisor
  return rest < 0 ? rest + divisor : rest
}

/// Seconds since 1970 of a civil time, or nil where a field is out of its interval. A leap second counts as the next.
private func unixSeconds(_ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int, _ second: Int) -> Int64? {
  guard (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day), (0...23).contains(hour),
    (0...59).contains(minute), (0...60).contains(second)
  else { return nil }
  let shiftedYear = month <= 2 ? year - 1 : year
  let era = shiftedYear / 400
  let yearOfEra = shiftedYear - era * 400
  let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
  let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
  let days = Int64(era * 146_097 + dayOfEra - 719_468)
  return days * 86_400 + Int64(hour * 3600 + minute * 60 + second)
}

private func pad(_ value: Int, _ width: Int) -> String { zeroPadded(String(value), to: width) }

/// Takes exactly `count` decimal digits.
private func digits(_ bytes: inout ArraySlice<UInt8>, _ count: Int) -> Int? {
  guard bytes.count >= count, bytes.prefix(count).allSatisfy(\.isASCIIDigit) else { return nil }
  let value = bytes.prefix(count).reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  bytes = bytes.dropFirst(count)
  return value
}

private func drop(_ bytes: inout ArraySlice<UInt8>, _ text: String) -> Bool {
  guard bytes.starts(with: text.utf8) else { return false }
  bytes = bytes.dropFirst(text.utf8.count)
  return true
}
