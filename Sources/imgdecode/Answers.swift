// What goes out: tensors and error records, in a tar or alone.

import Streams

/// Writes the answers and keeps count of what failed.
final class Answers {
  /// The status of the first item that failed, if any did.
  private(set) var firstFailure: ExitStatus?

  private let output: OutputStream
  private let archive: TarWriter

  init(_ output: OutputStream) {
    self.output = output
    archive = TarWriter(output)
  }

  /// Adds one outcome to the archive: `NAME.npy`, or `NAME.error.json` and a line on standard error.
  ///
  /// - Throws: `SystemError` when writing fails or when it was memory, not the image, that failed.
  func add(_ name: ItemName, _ outcome: Outcome) throws {
    do {
      let tensor = try outcome.get()
      try archive.append(name.appending(".npy"), tensor.header, tensor.data)
    } catch let error as DecodeError {
      try add(name, error)
    }
  }

  /// Adds the record of a failed item.
  func add(_ name: ItemName, _ error: DecodeError) throws(SystemError) {
    report(tool: Imgdecode.name, object: name.text, reason: error.reason)
    firstFailure = firstFailure ?? error.status
    try archive.append(ErrorRecord(image: name, tool: Imgdecode.name, code: error.code, message: error.reason))
  }

  /// Passes a record on that came with the input.
  func add(_ record: ErrorRecord) throws(SystemError) {
    firstFailure = firstFailure ?? .data
    try archive.append(record)
  }

  /// Writes one tensor and nothing else.
  func writeAlone(_ tensor: Tensor) throws(SystemError) {
    try output.write(tensor.header)
    try output.write(tensor.data)
  }

  /// Hands what is done to the reader.
  func flush() throws(SystemError) { try output.flush() }

  /// Ends the archive.
  func finish() throws(SystemError) { try archive.finish() }
}
