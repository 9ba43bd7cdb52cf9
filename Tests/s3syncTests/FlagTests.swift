// Filters, sizes, names, types.

import AWS
import ArgumentParser
import HTTP
import S3
import Testing

@testable import s3sync

@Test(
  "patterns",
  arguments: [
    ("*", "a/b", true), ("*.jpg", "a/b.jpg", true), ("*.jpg", "a/b.jpg.x", false), ("a?c", "abc", true),
    ("a?c", "ac", false),
    ("a?c", "a😀c", true), ("[ab]x", "bx", true), ("[!ab]x", "bx", false), ("[a-c]x", "bx", true), ("[", "[", true),
    ("[]]", "]", true), ("", "", true), ("", "a", false), ("a**b", "axxb", true), ("*a*b*c*", "xaxbxc", true),
    ("*a*b*c*", "xaxcxb", false),
    ("dir/*", "dir/a/b", true), ("dir/*", "dirx", false), ("a\\*", "a\\b", true),
  ])
func globs(pattern: String, name: String, matches: Bool) {
  #expect(Glob(pattern).matches(name) == matches)
}

@Test("a pattern made to be slow is not") func slowPattern() {
  let pattern = String(repeating: "a*", count: 500) + "b"
  #expect(!Glob(pattern).matches(String(repeating: "a", count: 2000)))
}

@Test(
  "the last filter that matches decides",
  arguments: [
    (["--exclude", "*", "--include", "*.jpg"], "a.jpg", true),
    (["--exclude", "*", "--include", "*.jpg"], "a.png", false),
    (["--include=*.jpg", "--exclude=*"], "a.jpg", false), ([], "x", true),
    (["--exclude=--list", "--include", "a*"], "--list", false),
    (["--exclude", "a*", "--", "--include", "*"], "a", false),
  ])
func filters(arguments: [String], name: String, admitted: Bool) throws {
  let flags = try SelectionFlags.parse(arguments.first == nil ? [] : Array(arguments.prefix { $0 != "--" }))
  #expect(try FilterFlag.filter(flags.exclude + flags.include).admits(Key(name)) == admitted)
}

@Test(
  "which folders are not opened",
  arguments: [
    ([("-", "*")], "a/", false), ([("-", "a/*")], "a/", false), ([("-", "a/*")], "ab/", true),
    ([("-", "*"), ("+", "a/*")], "a/", true), ([("-", "*"), ("+", "a/b/*")], "a/", true),
    ([("-", "*"), ("+", "a/b/*")], "a/c/", false), ([("-", "*"), ("+", "*.jpg")], "a/", true),
    ([("+", "*.jpg"), ("-", "a/*")], "a/", false), ([("-", "a/?")], "a/", true), ([("-", "[ab]/*")], "b/", false),
    ([("-", "*/node_modules/*")], "x/node_modules/", false), ([("-", "a*")], "a/b/", false), ([], "a/", true),
  ] as [([(String, String)], String, Bool)])
func excludedFolders(rules: [(String, String)], folder: String, opened: Bool) {
  let filter = Filter(rules: rules.map { Filter.Rule(includes: $0.0 == "+", glob: Glob($0.1)) })
  #expect(filter.admitsBelow(Key(folder)) == opened)
}

private let sizeCases: [(String, Int64?)] = [
  ("64M", 67_108_864), ("64MB", 67_108_864), ("64MiB", 67_108_864), ("64mib", 67_108_864), ("1g", 1_073_741_824),
  ("512K", 524_288), ("7", 7), ("7B", 7), ("0", nil), ("-1", nil), ("M", nil), ("1X", nil), ("1iB", nil), ("1MM", nil),
  ("1 M", nil), ("99999999999T", nil),
]

@Test("sizes", arguments: sizeCases)
func sizes(text: String, bytes: Int64?) {
  #expect(byteCount(text) == bytes)
}

@Test(
  "limits of deletions",
  arguments: [
    ("0", 1000, 0), ("7", 1000, 7), ("10%", 1000, 100), ("10%", 9, 0), ("100%", 9, 9), ("101%", 9, nil), ("-1", 9, nil),
    ("%", 9, nil), ("x", 9, nil),
  ] as [(String, Int, Int?)])
func deletionLimits(text: String, count: Int, limit: Int?) {
  #expect(DeletionLimit(text)?.limit(ofItems: count) == limit)
}

@Test(
  "times in metadata",
  arguments: [
    ("1700000000.123456789", 1_700_000_000, 123_456_789), ("1700000000", 1_700_000_000, 0), ("0.5", 0, 500_000_000),
    ("-0.5", -1, 500_000_000), ("-7", -7, 0),
  ] as [(String, Int64, Int32)])
func fileTimes(text: String, seconds: Int64, nanoseconds: Int32) throws {
  let time = Timestamp(seconds: seconds, nanoseconds: nanoseconds)
  #expect(time.decimalSeconds == text)
  #expect(Timestamp(decimalSeconds: text) == time)
}

@Test("texts that are not times", arguments: ["", "-", ".", "1.2.3", "+1", "1e9", "0x1", "1 ", "999999999999999"])
func malformedTimes(text: String) { #expect(Timestamp(decimalSeconds: text) == nil || text == ".") }

@Test(
  "passwords in URLs",
  arguments: [
    ("http://user:secret@host/x?a", "http://user:…@host/x?a"), ("http://host:80/a@b:c", "http://host:80/a@b:c"),
    ("x", "x"),
  ]) func passwords(url: String, shown: String)
{ #expect(withoutPassword(url) == shown) }

@Test(
  "types by extension",
  arguments: [
    ("a/b.JPG", "image/jpeg"), ("x.ndjson", "application/x-ndjson"), ("noextension", nil), (".jpg", nil),
    ("a.jpg/b", nil),
  ])
func types(name: String, type: String?) {
  #expect(contentType(ofName: name) == type)
}

@Test(
  "paths below a folder",
  arguments: [
    ("a/b", true), (".hidden", true), ("...", true), ("", false), ("..", false), ("a/..", false), ("./a", false),
    ("/a", false),
    ("a/", false), (".s3sync-0123456789abcdef-0123456789abcdef.part", false),
    (".s3sync-0123456789abcdef-0123456789abcdef.record", false), (".s3sync-0123456789abcdef.part", true),
    (".s3sync-notes", true),
  ])
func paths(key: String, isPath: Bool) {
  #expect((pathProblem(Key(key)) == nil) == isPath)
}

@Test func progressLine() {
  #expect(
    Progress.text(items: 3, totalItems: 10, bytes: 1 << 20, totalBytes: 3 << 20, seconds: 2)
      == "3/10 objects, 1.0 MiB/3.0 MiB, 512.0 KiB/s, 0:04 left")
}

@Test func errorCodes() {
  #expect(errorCode(.changed("x")) == "changed")
  #expect(errorCode(.checksum) == nil)
}

@Test func rateLimit() {
  let limiter = RateLimiter(bytesPerSecond: 1000)
  let second: Int64 = 1_000_000_000
  #expect(limiter.reserve(100, now: 10 * second) == 0, "a tenth of a second may pass at once")
  #expect(limiter.reserve(500, now: 10 * second) == second / 2)
  #expect(limiter.reserve(0, now: 11 * second) == 0)
  #expect(limiter.reserve(1100, now: 20 * second) == second)
}

@Test func downloadRecords() throws {
  let identity = DownloadRecord.Identity(object: "s3://b/k", versionID: nil, etag: "e", size: 100)
  let bytes =
    DownloadRecord(identity, rangeSize: 30, inode: 7).header + DownloadRecord.line(range: 0, crc32: 5)
    + DownloadRecord.line(range: 3, crc32: 6) + DownloadRecord.line(range: 4, crc32: 7)
  let record = try #require(DownloadRecord(bytes))
  #expect(record.identity == identity && record.rangeSize == 30 && record.inode == 7)
  #expect(record.checksums == [0: 5, 3: 6], "a range that the object does not have is ignored")
  // Cut at every length it is a shorter record or none; damaged it does not trap.
  for length in 0..<bytes.count { #expect((DownloadRecord(Array(bytes[..<length]))?.checksums.count ?? 0) <= 2) }
  for index in bytes.indices {
    for bit in 0..<8 {
      var damaged = bytes
      damaged[index] ^= 1 << bit
      _ = DownloadRecord(damaged)
    }
  }
}

@Test func temporaryNames() throws {
  let name = TemporaryName.random(for: Key("a/b"))
  #expect(TemporaryName(name.part.utf8) == name && TemporaryName(name.record.utf8) == name)
  #expect(name.owner == Key("a/b").temporaryOwner && name != TemporaryName.random(for: Key("a/b")))
  #expect(TemporaryName(name.part.dropLast().utf8) == nil && TemporaryName("x".utf8) == nil)
}
