// A pipe within the test's process: bytes in at one end, the reader under test at the other.

import Glibc
import Streams

/// Both ends of a pipe, closed when the object goes.
final class Pipe {
  let readEnd: CInt
  private(set) var writeEnd: CInt

  init() {
    var ends: [CInt] = [-1, -1]
    precondition(pipe(&ends) == 0)
    readEnd = ends[0]
    writeEnd = ends[1]
  }

  func write(_ bytes: [UInt8]) {
    precondition(Glibc.write(writeEnd, bytes, bytes.count) == bytes.count)
  }

  func closeWriteEnd() {
    if writeEnd >= 0 { close(writeEnd) }
    writeEnd = -1
  }

  deinit {
    closeWriteEnd()
    close(readEnd)
  }
}

/// A temporary file with the bytes, open for reading from its start and without a name.
func temporaryFile(_ bytes: [UInt8] = []) -> CInt {
  var path = Array("/tmp/streams-test-XXXXXX\0".utf8CString.dropLast())
  let descriptor = mkstemp(&path)
  precondition(descriptor >= 0 && unlink(path) == 0)
  precondition(bytes.isEmpty || write(descriptor, bytes, bytes.count) == bytes.count)
  lseek(descriptor, 0, SEEK_SET)
  return descriptor
}

/// What a body wrote to an output stream.
func collect(_ body: (OutputStream) throws -> Void) throws -> [UInt8] {
  let descriptor = temporaryFile()
  defer { close(descriptor) }
  let output = OutputStream(descriptor: descriptor)
  try body(output)
  try output.flush()
  lseek(descriptor, 0, SEEK_SET)
  return try InputStream(descriptor: descriptor).read(.max)
}

/// Runs the body with an input stream over the bytes.
func reading<Result>(_ bytes: [UInt8], _ body: (InputStream) throws -> Result) rethrows -> Result {
  let descriptor = temporaryFile(bytes)
  defer { close(descriptor) }
  return try body(InputStream(descriptor: descriptor))
}
