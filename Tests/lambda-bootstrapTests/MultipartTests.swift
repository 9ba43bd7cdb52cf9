// multipart/form-data and the parameters of media types.
import HTTPFields
import Testing

@testable import lambda_bootstrap

private let type = "multipart/form-data; boundary=xx"

private func file(_ body: String, _ contentType: String = type) throws(Multipart.Malformed) -> ArraySlice<UInt8> {
  try Multipart.file(in: Array(body.utf8)[...], contentType: contentType)
}

private let part = "Content-Disposition: form-data; name=\"i\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"

/// What a browser sends for a file input that was left empty.
private let emptyPart =
  "Content-Disposition: form-data; name=\"j\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n"

extension String {
  /// With line feeds alone.
  fileprivate var unixLines: String { String(decoding: Array(utf8).filter { $0 != 13 }, as: UTF8.self) }
}

@Suite struct MultipartForms {
  @Test(arguments: [
    "--xx\r\n\(part)data\r\n--xx--\r\n", "--xx\r\n\(part)data\r\n--xx--",
    "preamble\r\n--xx\r\n\(part)data\r\n--xx--epilogue",
    "--xx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nvalue\r\n--xx\r\n\(part)data\r\n--xx--",
    "--xx\r\n\(part)data\r\n--xx\r\n\r\nno headers\r\n--xx--",
    // Blanks behind a delimiter; line feeds alone; an empty file input in addition to the file.
    "--xx \t\r\n\(part)data\r\n--xx--  \r\n", "--xx\r\n\(part)data\r\n--xx--\r\n".unixLines,
    "--xx\r\n\(emptyPart)\r\n--xx\r\n\(part)data\r\n--xx--", "--xx\r\n\(part)data\r\n--xx\r\n\(emptyPart)\r\n--xx--",
  ])
  func theFile(body: String) throws { #expect(try file(body) == Array("data".utf8)[...]) }

  @Test(arguments: ["", "\r\n", "\r\n\r\n--x", "--x", "\r\n--xy", "a\r\n-", "\0\u{1}"]) func anyContent(content: String)
    throws
  {
    #expect(try Array(file("--xx\r\n\(part)\(content)\r\n--xx--")) == Array(content.utf8))
  }

  @Test(arguments: [
    ("--xx\r\n\(part)a\r\n--xx--", "multipart/form-data", Multipart.Malformed.noBoundary),
    ("", "multipart/form-data; boundary=" + String(repeating: "x", count: 71), .noBoundary),
    ("", type, .notMultipart), ("nonsense", type, .notMultipart), ("--xx", type, .notMultipart),
    ("--xx--", type, .noFile), ("--xx\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--xx--", type, .noFile),
    ("--xx\r\n\(part)a\r\n--xx\r\n\(part)b\r\n--xx--", type, .severalFiles),
    ("--xx\r\n\(emptyPart)\r\n--xx--", type, .noFile),
    ("--xx\r\nno colon\r\n\r\na\r\n--xx--", type, .notMultipart),
    ("--xx\(part)a\r\n--xx--", type, .noFile),
  ])
  func malformed(body: String, contentType: String, error: Multipart.Malformed) {
    #expect(throws: error) { try file(body, contentType) }
  }

  @Test func cutOrFlippedItIsAFileOrAnError() {
    let body = Array("--xx\r\n\(part)data\r\n--xx--".utf8)
    for end in 0..<body.count - 1 {
      #expect(throws: Multipart.Malformed.self) { try Multipart.file(in: body[..<end], contentType: type) }
    }
    for bit in 0..<body.count * 8 {
      var flipped = body
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      _ = try? Multipart.file(in: flipped[...], contentType: type)
    }
  }

  @Test(
    arguments: [
      ("image/jpeg", "image/jpeg", [:]), (" Image/JPEG ; Charset = binary ", "image/jpeg", ["charset": "binary"]),
      ("a/b; boundary=\"x;\\\"y\"", "a/b", ["boundary": "x;\"y"]), ("a/b;;x;y=1;Y=2", "a/b", ["y": "1"]), ("", "", [:]),
      ("form-data; filename=\"\"", "form-data", ["filename": ""]), ("a; b=\"unfinished", "a", ["b": "unfinished"]),
    ] as [(String, String, [String: String])])
  func mediaTypes(text: String, name: String, parameters: [String: String]) {
    let type = MediaType(text)
    #expect(type.name == name && type.parameters == parameters)
  }
}
