// What goes to the pipeline and what is taken from it.
import Glibc
import Streams
import Testing

@testable import lambda_bootstrap

private func answer(_ output: String, name: String = "7") throws(PipelineAnswer.Malformed) -> PipelineAnswer {
  try PipelineAnswer(Array(output.utf8), name: name)
}

@Suite struct PipelineAnswers {
  @Test func theWarmUpImageIsAJPEG() {
    #expect(warmUpImage.starts(with: [0xFF, 0xD8, 0xFF]) && warmUpImage.suffix(2) == [0xFF, 0xD9])
  }

  @Test func aPredictionWithoutItsName() throws {
    let line = #"{"image":"7","model":"m \"x\"","predictions":[{"index":1,"probability":0.6210}]}"# + "\n"
    #expect(
      try answer(line)
        == .prediction(
          Array(#"{"model":"m \"x\"","predictions":[{"index":1,"probability":0.6210}]}"#.utf8),
          inferenceMilliseconds: nil))
    let timed = #"{"image":"7","predictions":[],"inferenceMs":12.5}"# + "\n"
    #expect(
      try answer(timed) == .prediction(Array(#"{"predictions":[]}"#.utf8), inferenceMilliseconds: 12.5))
  }

  @Test func anErrorRecord() throws {
    let record = ErrorRecord(image: ItemName("7"), tool: "imgdecode", code: "corrupt", message: "no \"frame\"")
    #expect(try PipelineAnswer(record.line, name: "7") == .refused(code: "corrupt", message: "no \"frame\""))
  }

  @Test(arguments: [
    ("", PipelineAnswer.Malformed.notOneLine), ("{}", .notOneLine), ("{}\n{}\n", .notOneLine), ("{}\n ", .notOneLine),
    ("\n\n", .notOneLine),
    ("\n", .notJSON), ("{\n", .notJSON), ("x\n", .notJSON), ("{}\n", .aboutAnother), ("[]\n", .aboutAnother),
    ("{\"image\":\"8\",\"predictions\":[]}\n", .aboutAnother), ("{\"image\":7,\"predictions\":[]}\n", .aboutAnother),
    ("{\"image\":\"7\"}\n", .neitherPredictionNorError),
    ("{\"image\":\"7\",\"predictions\":{}}\n", .neitherPredictionNorError),
    ("{\"image\":\"7\",\"error\":\"x\"}\n", .neitherPredictionNorError),
    ("{\"image\":\"7\",\"error\":{\"code\":\"c\"},\"predictions\":[]}\n", .neitherPredictionNorError),
  ])
  func notTaken(output: String, error: PipelineAnswer.Malformed) {
    #expect(throws: error) { try answer(output) }
  }

  @Test func keysKeepTheirEscapes() throws {
    let line = #"{"image":"7","predictions":[],"a\"b":1}"# + "\n"
    guard case .prediction(let json, _) = try answer(line) else { return }
    #expect(throws: Never.self) { try JSONDocument(json) }
  }

  @Test(arguments: [0, 1, 511, 512, 513, 100_000]) func aMemberIsReadBackByTheTarReader(count: Int) throws {
    let body = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    let archive = tarMember(name: "12", body: body).flatMap { $0 } + [UInt8](repeating: 0, count: 1024)
    #expect(archive.count % 512 == 0)
    var path = Array("/tmp/lambda-tests-XXXXXX".utf8CString)
    let descriptor = unsafe mkstemp(&path)
    defer { close(descriptor) }
    unsafe unlink(path)
    let written = unsafe pwrite(descriptor, archive, archive.count, 0)
    #expect(written == archive.count)
    let input = InputStream(descriptor: descriptor)
    var reader = TarReader(input)
    let member = try #require(try reader.next())
    #expect(member.name == ItemName("12") && member.size == count)
    #expect(try reader.readBody() == body)
    #expect(try reader.next() == nil)
  }
}

@Suite struct Relay {
  private func relay(_ pieces: [String]) -> (lines: String, last: String) {
    var out: [UInt8] = []
    let relay = ErrorRelay(sink: EventLog(format: .text, sink: { out += $0 }).relay)
    relay.begin("id")
    for piece in pieces { relay.take(Array(piece.utf8)[...]) }
    relay.flush()
    return (String(decoding: out, as: UTF8.self), relay.lastLines)
  }

  @Test(
    arguments: [
      ([""], "", ""), (["a\n"], "id: a\n", "a"), (["a\nb"], "id: a\nid: b\n", "a\nb"),
      (["a", "b", "\n", "c\n"], "id: ab\nid: c\n", "ab\nc"),
      (["\n\n"], "id: \nid: \n", "\n"), (["a\n\nb\n"], "id: a\nid: \nid: b\n", "a\n\nb"),
    ] as [([String], String, String)])
  func lines(pieces: [String], lines: String, last: String) {
    let result = relay(pieces)
    #expect(result.lines == lines && result.last == last)
  }

  @Test func theLastTwentyLinesAreKept() {
    let result = relay([(1...50).map { "\($0)\n" }.joined()])
    #expect(result.last == (31...50).map { "\($0)" }.joined(separator: "\n"))
  }

  @Test func anEndlessLineIsPassedOnInPieces() {
    let result = relay(Array(repeating: String(repeating: "x", count: 10_000), count: 20))
    #expect(result.lines.count(where: { $0 == "\n" }) >= 2 && result.last.utf8.count <= 8192)
    #expect(result.lines.count(where: { $0 == "x" }) == 200_000)
  }

  @Test func aNewEventRemembersNothing() {
    let relay = ErrorRelay { _, _ in }
    relay.begin("a")
    relay.take(Array("secret\npartial".utf8)[...])
    relay.begin("b")
    #expect(relay.lastLines == "")
  }
}
