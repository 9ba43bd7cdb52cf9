// The forms in which labels are kept, as tables.

import Testing

@testable import classify

struct LabelFormatTests {
  @Test(
    arguments: [
      ("a\r\nb\n\n", ["a", "b"]), ("a\n", ["a"]), (" [\"a\", \"b\"]", ["a", "b"]), ("\u{FEFF}a\nb\n", ["a", "b"]),
      ("\u{FEFF}[\"a\"]", ["a"]), ("{\"1\": \"b\", \"0\": \"a\"}", ["a", "b"]),
      ("{\"0\": [\"n01440764\", \"tench\"]}", ["tench"]),
      ("{\"id2label\": {\"0\": \"a\", \"1\": \"b\"}, \"x\": 1}", ["a", "b"]),
      ("{\"label_names\": [\"a\", \"b\"]}", ["a", "b"]), ("0 a\n1 b\n", ["a", "b"]), ("0: a\n1: b c\n", ["a", "b c"]),
      ("0,a\n1,b", ["a", "b"]), ("0 a\n2 b\n", ["0 a", "2 b"]), ("{0: 'it''s', 1: \"b\"}", nil),
      ("{0: 'a\\'b', 1: \"jack-o'-lantern\"}", ["a'b", "jack-o'-lantern"]), ("{1: 'a'}", nil), ("[1]", nil), ("", nil),
      ("{}", nil), ("{\"0\": \"a\", \"2\": \"b\"}", nil), ("{0: 'a'", nil), ("{0: 'a'} x", nil),
    ] as [(String, [String]?)])
  func forms(text: String, labels: [String]?) { #expect(Labels.parse(text)?.map(\.text) == labels) }

  @Test func identifiers() {
    #expect(Labels.parse("{\"0\": [\"n01440764\", \"tench\"]}")?.first?.id == "n01440764")
    let timm = "{\"label_names\": [\"n01440764\"], \"label_descriptions\": {\"n01440764\": \"tench\"}}"
    #expect(Labels.parse(timm) == [Labels.Label(id: "n01440764", text: "tench")])
  }

  @Test(
    arguments: [
      ("n02123045 tabby, tabby cat", "n02123045", "tabby, tabby cat"), ("tabby", nil, "tabby"),
      ("n0212304x tabby", nil, "n0212304x tabby"), ("n02123045", nil, "n02123045"), ("", nil, ""),
    ] as [(String, String?, String)])
  func lines(line: String, id: String?, text: String) {
    #expect(Labels.Label(line: line) == Labels.Label(id: id, text: text))
  }
}
