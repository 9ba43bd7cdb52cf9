// Ranged responses are accepted only where they carry exactly what was requested.

import HTTP
import HTTPFields
import Testing

@testable import S3

@Test(
  "Content-Range values",
  arguments: [
    ("bytes 0-9/100", 0..<10, 100), ("bytes 5-5/6", 5..<6, 6), ("BYTES 0-9/*", 0..<10, nil),
  ] as [(String, Range<Int64>, Int64?)])
func contentRanges(text: String, range: Range<Int64>, total: Int64?) throws {
  let found = try #require(ContentRange(text))
  #expect(found.range == range && found.total == total)
}

@Test(
  "invalid Content-Range values",
  arguments: [
    "", "bytes", "bytes */100", "bytes 9-0/100", "bytes 0-99/50", "bytes 0-9", "bytes -9/10", "bytes +0-9/100",
    "bytes 0-9/-1", "items 0-9/100", "bytes 0-9/100 x", "bytes 0-9223372036854775807/*", "bytes 0x0-9/100",
    "bytes 0-9/9223372036854775807", "bytes 0-70368744177665/*",
  ])
func malformedContentRanges(text: String) { #expect(ContentRange(text) == nil) }

@Test(
  "responses to a range of bytes 10-19 of 100",
  arguments: [
    (206, ["content-range": "bytes 10-19/100"], true), (206, ["content-range": "bytes 10-19/*"], true),
    (206, ["content-range": "bytes 0-9/100"], false), (206, ["content-range": "bytes 10-18/100"], false),
    (206, ["content-range": "bytes 10-19/101"], false), (206, [:], false),
    (206, ["content-range": "bytes 10-19/100", "etag": "\"other\""], false),
    (206, ["content-range": "bytes 10-19/100", "etag": "\"tag\""], true), (200, ["content-length": "100"], false),
  ])
func rangedResponses(status: Int, headers: [String: String], accepted: Bool) {
  let headers = HeaderFields(headers.map { ($0.key, $0.value) })
  #expect(
    (rangeProblem(status: status, headers: headers, expected: 10..<20, total: 100, etag: "tag") == nil) == accepted)
}

@Test("a server that ignores ranges may answer a range of all bytes", arguments: [("100", true), ("99", false)])
func allBytes(length: String, accepted: Bool) {
  let headers = HeaderFields([("content-length", length)])
  #expect((rangeProblem(status: 200, headers: headers, expected: 0..<100, total: 100, etag: nil) == nil) == accepted)
}
