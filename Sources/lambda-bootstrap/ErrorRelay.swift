// The command's standard error on its way to the log: every line with the event's id, the last lines kept.

/// Forwards lines as they arrive and keeps the last ones for an error message.
final class ErrorRelay {
  /// Lines and bytes of lines remembered.
  private static let lineLimit = 20
  private static let byteLimit = 8 << 10
  /// A line without an end is passed on in pieces of this size.
  private static let pieceLimit = 64 << 10

  private let sink: (_ lines: [[UInt8]], _ requestID: String) -> Void
  private var requestID = ""
  private var partial: [UInt8] = []
  private var last: [[UInt8]] = []

  /// - Parameter sink: takes whole lines, and the event that they belong to.
  init(sink: @escaping (_ lines: [[UInt8]], _ requestID: String) -> Void) { self.sink = sink }

  /// A new event begins: its id is the prefix, and nothing of the one before is remembered.
  func begin(_ id: String) {
    flush()
    requestID = id
    last.removeAll()
  }

  func take(_ bytes: ArraySlice<UInt8>) {
    var lines: [[UInt8]] = []
    for piece in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
      partial += piece
      endLine(into: &lines)
    }
    let newline = bytes.lastIndex(of: UInt8(ascii: "\n"))
    partial += bytes[(newline.map { $0 + 1 } ?? bytes.startIndex)...]
    if partial.count >= Self.pieceLimit { endLine(into: &lines) }
    if !lines.isEmpty { sink(lines, requestID) }
  }

  /// A last line without an end is passed on too.
  func flush() {
    var lines: [[UInt8]] = []
    if !partial.isEmpty { endLine(into: &lines) }
    if !lines.isEmpty { sink(lines, requestID) }
  }

  /// The last lines as text; invalid UTF-8 is replaced.
  var lastLines: String {
    let kept = last + (partial.isEmpty ? [] : [partial])
    return String(decoding: Array(kept.joined(separator: [UInt8(ascii: "\n")])).suffix(Self.byteLimit), as: UTF8.self)
  }

  private func endLine(into lines: inout [[UInt8]]) {
    lines.append(partial)
    last.append(Array(partial.suffix(Self.byteLimit)))
    if last.count > Self.lineLimit { last.removeFirst() }
    partial.removeAll(keepingCapacity: true)
  }
}
