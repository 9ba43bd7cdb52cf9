// Reading, writing and waiting on descriptors: interrupted calls are repeated, partial writes continued.

package import Glibc

/// Reads what is there, up to the buffer's size; 0 at the end of the file.
package func read(_ descriptor: CInt, into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
  try retryingInterrupts { unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count) }
}

/// Reads at an offset (bytes) and leaves the descriptor's position as it is; 0 at the end of the file.
package func read(
  _ descriptor: CInt, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
) throws(Errno) -> Int {
  try retryingInterrupts { unsafe pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset)) }
}

/// Reads what is there into a part of the array; 0 at the end of the file.
///
/// - Parameter offset: where in the file (bytes), with the descriptor's position left as it is; nil reads at the position.
package func read(
  _ descriptor: CInt, into buffer: inout [UInt8], _ range: Range<Int>, at offset: Int64? = nil
) throws(Errno) -> Int {
  try unsafe buffer.withUnsafeMutableBytes { bytes in
    let part = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[range])
    return Result { () throws(Errno) in
      if let offset {
        try unsafe read(descriptor, into: part, at: offset)
      } else {
        try unsafe read(descriptor, into: part)
      }
    }
  }.get()
}

/// Fills the array from an offset (bytes) on.
///
/// - Throws: `ENODATA` where the file ends before.
package func readExactly(_ descriptor: CInt, into buffer: inout [UInt8], at offset: Int64) throws(Errno) {
  var done = 0
  while done < buffer.count {
    let count = try read(descriptor, into: &buffer, done..<buffer.count, at: offset + Int64(done))
    guard count > 0 else { throw Errno(ENODATA) }
    done += count
  }
}

/// Everything up to the end of the file.
///
/// - Throws: `EFBIG` where that is more than `limit` bytes.
package func readAll(_ descriptor: CInt, limit: Int) throws(Errno) -> [UInt8] {
  var result: [UInt8] = []
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 1)
  defer { unsafe buffer.deallocate() }
  while true {
    let count = try unsafe read(descriptor, into: buffer)
    if count == 0 { return result }
    guard count <= limit - result.count else { throw Errno(EFBIG) }
    unsafe result += buffer[..<count]
  }
}

/// Writes all of the bytes; waits where a non-blocking descriptor takes no more.
package func writeAll(_ bytes: RawSpan, to descriptor: CInt) throws(Errno) {
  try unsafe bytes.withUnsafeBytes { (bytes) throws(Errno) in
    var done = 0
    while done < bytes.count {
      do throws(Errno) {
        done += try retryingInterrupts {
          unsafe write(descriptor, bytes.baseAddress! + done, bytes.count - done)
        }
      } catch {
        guard error.code == EAGAIN else { throw error }
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        try retryingInterrupts { unsafe poll(&ready, 1, -1) }
      }
    }
  }
}

/// Writes all of the bytes at an offset (bytes) and leaves the descriptor's position as it is.
package func writeAll(_ bytes: RawSpan, to descriptor: CInt, at offset: Int64) throws(Errno) {
  try unsafe bytes.withUnsafeBytes { (bytes) throws(Errno) in
    var done = 0
    while done < bytes.count {
      let count = try retryingInterrupts {
        unsafe pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset) + done)
      }
      guard count > 0 else { throw Errno(ENOSPC) }
      done += count
    }
  }
}

/// Waits until a descriptor is ready, or until the deadline.
///
/// - Parameter deadline: in milliseconds of the monotonic clock; nil is none.
/// - Returns: how many are ready; 0 after the deadline.
package func poll(_ watched: inout [pollfd], until deadline: Int64?) throws(Errno) -> Int {
  Int(
    try retryingInterrupts { unsafe Glibc.poll(&watched, nfds_t(watched.count), pollTimeout(until: deadline)) })
}

/// Writes to standard error as much as it takes: there is nowhere to report that it is closed.
package func writeToStandardError(_ bytes: [UInt8]) {
  try? unsafe writeAll(bytes.span.bytes, to: STDERR_FILENO)
}
