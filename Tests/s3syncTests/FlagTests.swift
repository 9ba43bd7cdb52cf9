// Filters, sizes, names, types.

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
    (["--exclude", "a*", "--", "--include", "*"], "a", false),
  ])
func filters(arguments: [String], name: String, admitted: Bool) {
  #expect(filter(arguments: arguments).admits(Key(name)) == admitted)
}

@Test(
  "sizes",
  arguments: [
    ("64M", Int64(64 << 20)), ("1g", 1 << 30), ("512K", 512 << 10), ("7", 7), ("0", nil), ("-1", nil), ("M", nil),
    ("1X", nil),
    ("99999999999T", nil),
  ])
func sizes(text: String, bytes: Int64?) {
  #expect(byteCount(text) == bytes)
}

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
    ("a/", false), (".s3sync-0123456789abcdef.part", false), (".s3sync-notes", true),
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
