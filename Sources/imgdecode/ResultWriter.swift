// Output: tensors and error records, in a tar or alone.

import Streams

/// Writes results and counts failures.
final class ResultWriter {
  /// The status of the first item that failed, if any did.
  private(set) var firstFailure: ExitStatus?
  /// The status of the first file argument that could not be read, if any could not.
  private(set) var firstUnreadableArgument: ExitStatus?

  private let output: OutputStream
  private let archive: TarWriter
  private let progress: ProgressLine

  init(_ output: OutputStream, progress: ProgressLine) {
    self.output = output
    self.progress = progress
    archive = TarWriter(output)
  }

  /// Adds one result to the archive: `NAME.npy`, or `NAME.error.json` and a line on standard error.
  ///
  /// - Throws: `SystemError` when writing fails or when it was memory, not the image, that failed.
  func add(_ name: ItemName, _ outcome: Outcome) throws {
    do {
      let tensor = try outcome.get()
      try archive.append(name.appending(".npy"), tensor.header, tensor.data)
      progress.advance(failed: false)
    } catch let error as DecodeError {
      try add(name, error)
    }
  }

  /// Adds the record of a failed item.
  ///
  /// - Parameter isArgument: whether a file argument failed to be read; other failures do not change the exit status.
  func add(_ name: ItemName, _ error: DecodeError, isArgument: Bool = false) throws(SystemError) {
    progress.clear()
    report(tool: Imgdecode.name, object: name.text, reason: error.reason)
    firstFailure = firstFailure ?? error.status
    if isArgument { firstUnreadableArgument = firstUnreadableArgument ?? error.status }
    try archive.append(ErrorRecord(image: name, tool: Imgdecode.name, code: error.code, message: error.reason))
    progress.advance(failed: true)
  }

  /// Passes on a record that came with the input.
  func add(_ record: ErrorRecord) throws(SystemError) {
    firstFailure = firstFailure ?? .data
    try archive.append(record)
    progress.advance(failed: true)
  }

  /// Writes one tensor and nothing else.
  func writeAlone(_ tensor: Tensor) throws(SystemError) {
    try output.write(tensor.header)
    try output.write(tensor.data)
  }

  /// Hands the finished results to the reader.
  func flush() throws(SystemError) { try output.flush() }

  /// Ends the archive.
  func finish() throws(SystemError) {
    try archive.finish()
    progress.finish()
  }
}
