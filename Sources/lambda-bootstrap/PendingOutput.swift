// Bytes on their way to a pipe or a socket that takes a part of them at a time.
import Glibc
import POSIX

/// What is not written yet of several parts, which go out together and are never joined in memory.
struct PendingOutput {
  private var parts: [[UInt8]]
  /// Where the first of them begins that is not written to its end, and in it the first byte.
  private var part = 0
  private var offset = 0

  init(_ parts: [[UInt8]]) {
    self.parts = parts
    skip(0)
  }

  var isEmpty: Bool { part == parts.count }

  /// Writes what the descriptor takes in one `writev(2)` of all that is left.
  mutating func write(to descriptor: Int32) throws(Errno) {
    skip(
      try retryingInterrupts {
        unsafe gather(parts[part...], from: offset, []) { unsafe writev(descriptor, $0, Int32($0.count)) }
      })
  }

  private mutating func skip(_ count: Int) {
    offset += count
    while part < parts.count, offset >= parts[part].count {
      offset -= parts[part].count
      part += 1
    }
  }
}

/// Hands over where the parts lie; of the first one, from a byte on.
private func gather(
  _ parts: ArraySlice<[UInt8]>, from offset: Int, _ vectors: [iovec], _ body: ([iovec]) -> Int
) -> Int {
  guard let first = parts.first else { return unsafe body(vectors) }
  return unsafe first.withUnsafeBytes { bytes in
    let rest = unsafe iovec(
      iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress.map { unsafe $0 + offset }),
      iov_len: bytes.count - offset)
    return unsafe gather(parts.dropFirst(), from: 0, vectors + [rest], body)
  }
}
