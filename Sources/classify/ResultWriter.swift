// Formats predictions and error records as JSON lines, CSV or text.

import Streams

/// Writes predictions and failures in the format that was asked for.
final class ResultWriter {
  /// A failure ends the tool instead of becoming a line: for the one tensor that is the whole input.
  var refusesFailures = false
  private(set) var failed = 0
  private let top: Int
  private let showsTiming: Bool
  private let format: OutputFlags.Format
  private let model: String
  private let labels: Labels
  private let output: OutputStream
  private var wroteHeader = false

  init(_ flags: OutputFlags, model: String, labels: Labels, output: OutputStream) {
    top = flags.top
    showsTiming = flags.timing
    format = flags.format
    self.model = model
    self.labels = labels
    self.output = output
  }

  /// - Parameters:
  ///   - probabilities: (classes)
  ///   - milliseconds: what the inference took.
  func add(_ name: ItemName, _ probabilities: [Float], milliseconds: Double) throws {
    guard probabilities.allSatisfy(\.isFinite) else { return try add(InputError.notFinite.record(for: name)) }
    let best = Prediction.top(top, of: probabilities)
    switch format {
    case .json: try output.write(json(name, best, milliseconds))
    case .csv:
      try writeHeader()
      for prediction in best {
        let label = labels[prediction.index]
        try output.write(
          csvRow([name.text, fixed(Double(prediction.probability), decimals: 6), label.text]))
      }
    case .text: try output.write(text(name, best))
    }
  }

  /// Throws `InputError` for the one tensor that is the whole input.
  func add(_ record: ErrorRecord) throws {
    if refusesFailures { throw InputError.notFinite }
    failed += 1
    switch format {
    case .json: try output.write(record.line)
    case .csv:
      try writeHeader()
      try output.write(csvRow([record.image.text, "", "error: \(record.message)"]))
    case .text: try output.write(Array("\(printable(record.image.text))\n  error: \(record.message)\n".utf8))
    }
  }

  func flush() throws { try output.flush() }

  /// At the end of the input: a CSV has its header even if nothing followed.
  func finish() throws {
    if format == .csv { try writeHeader() }
    try output.flush()
  }

  private func writeHeader() throws {
    if wroteHeader { return }
    wroteHeader = true
    try output.write(csvRow(["InputFile", "Probability", "Label"]))
  }

  private func json(_ name: ItemName, _ best: [Prediction], _ milliseconds: Double) -> [UInt8] {
    JSONText.line { json in
      name.write(to: &json)
      json.member("model", model)
      json.array("predictions", best) { json, prediction in
        let label = labels[prediction.index]
        json.object { json in
          json.member("index", prediction.index)
          json.member("id", ifPresent: label.id)
          json.member("label", label.text)
          json.member("probability", Double(prediction.probability), decimals: 6)
        }
      }
      if showsTiming { json.member("inferenceMs", milliseconds, decimals: 3) }
    }
  }

  /// The name, then a line per class: percent, a bar of up to 20 signs, the label.
  private func text(_ name: ItemName, _ best: [Prediction]) -> [UInt8] {
    var lines = printable(name.text) + "\n"
    for prediction in best {
      let percent = fixed(Double(prediction.probability) * 100, decimals: 1)
      let signs = Int((min(max(prediction.probability, 0), 1) * 20).rounded())
      let bar = String(repeating: "█", count: signs) + String(repeating: "·", count: 20 - signs)
      let padding = String(repeating: " ", count: max(0, 7 - percent.count))
      lines += "\(padding)\(percent) %  \(bar)  \(printable(labels[prediction.index].text))\n"
    }
    return Array(lines.utf8)
  }
}

/// RFC 4180, and no formulas: a field that a spreadsheet would evaluate gets an apostrophe in front.
func csvRow(_ fields: [String]) -> [UInt8] {
  let quoted = fields.map { field in
    var field = field
    if let first = field.unicodeScalars.first, "=+-@\t\r\n".unicodeScalars.contains(first) { field = "'" + field }
    guard field.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else { return field }
    return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }
  return Array((quoted.joined(separator: ",") + "\r\n").utf8)
}
