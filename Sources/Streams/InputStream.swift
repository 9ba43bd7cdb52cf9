// Buffered reading that never keeps a finished item waiting: the tool is called before a read that would block.

import Glibc
import POSIX

/// A buffered reader over a file descriptor that it does not own.
///
/// All functions throw `SystemError` when reading fails, and rethrow errors of `beforeBlocking`.
package final class InputStream {
  /// Called before a read that would block, so that the tool can complete and flush every complete item it holds; again each
  /// time the wait was interrupted, `notification` became readable or `patience` was over.
  package var beforeBlocking: () throws -> Void = {}

  /// Milliseconds of one wait for input; nil: no limit.
  package var patience: CInt?

  /// A descriptor that other threads make readable when they have finished an item: it ends the wait, and `beforeBlocking`, which
  /// has to read it empty, is called again. So an item neither waits for input nor keeps the tool from reading.
  package var notification: CInt?

  /// An output that is watched while waiting for input: when its reader has gone, the process ends as by SIGPIPE.
  package var watchedOutput: CInt?

  private let descriptor: CInt
  private let name: String
  private var buffer: [UInt8]
  private var start = 0
  private var end = 0

  /// - Parameters:
  ///   - descriptor: open for reading for as long as this object lives.
  ///   - name: what messages call it.
  ///   - capacity: bytes of the buffer, at least 512.
  package init(descriptor: CInt = STDIN_FILENO, name: String = "standard input", capacity: Int = 256 << 10) {
    precondition(capacity >= 512)
    self.descriptor = descriptor
    self.name = name
    buffer = [UInt8](repeating: 0, count: capacity)
  }

  /// The next bytes without taking them: `count` of them, or fewer at the end of the input.
  ///
  /// - Parameter count: at most 512.
  package func peek(_ count: Int) throws -> ArraySlice<UInt8> {
    precondition(count <= 512)
    while end - start < count {
      guard try fill() else { break }
    }
    return buffer[start..<min(end, start + count)]
  }

  /// Takes `count` bytes, or fewer at the end of the input.
  ///
  /// Memory grows with what arrives, not with what was asked for: a size in the input may be false.
  package func read(_ count: Int) throws -> [UInt8] {
    var result = [UInt8]()
    result.reserveCapacity(min(count, 1 << 20))
    while result.count < count {
      if start == end, try !fill() { break }
      let taken = min(end - start, count - result.count)
      result.append(contentsOf: buffer[start..<start + taken])
      start += taken
    }
    return result
  }

  /// Takes the bytes before the next `separator`, and the separator with them; those before the end of the input where
  /// none comes. Nil at the end. Waits for nothing after the separator.
  ///
  /// - Parameter limit: a separator that does not come within so many bytes gives `limit` + 1 bytes without one.
  package func read(until separator: UInt8, limit: Int) throws -> [UInt8]? {
    var result = [UInt8]()
    while true {
      if start == end, try !fill() { return result.isEmpty ? nil : result }
      let available = min(end - start, limit + 1 - result.count)
      let found = buffer[start..<start + available].firstIndex(of: separator)
      result.append(contentsOf: buffer[start..<(found ?? start + available)])
      start = found.map { $0 + 1 } ?? start + available
      if found != nil || result.count > limit { return result }
    }
  }

  /// Whether the next `read(until:)` waits for nothing.
  package func holds(_ separator: UInt8) -> Bool { buffer[start..<end].contains(separator) }

  /// Passes over `count` bytes; returns how many there were.
  package func skip(_ count: Int) throws -> Int {
    var skipped = 0
    while skipped < count {
      if start == end, try !fill() { break }
      let taken = min(end - start, count - skipped)
      start += taken
      skipped += taken
    }
    return skipped
  }

  /// Reads to the end of the input; returns how many bytes there were, or nil where one of them was not zero.
  func drainZeros() throws -> Int? {
    var count: Int? = 0
    repeat {
      count = buffer[start..<end].allSatisfy { $0 == 0 } ? count.map { $0 + end - start } : nil
      start = end
    } while try fill()
    return count
  }

  /// Adds at least one byte to the buffer; false at the end of the input.
  private func fill() throws -> Bool {
    if start == end {
      start = 0
      end = 0
    } else if end == buffer.count {
      buffer.replaceSubrange(0..<end - start, with: Array(buffer[start..<end]))
      end -= start
      start = 0
    }
    if try !isReady(timeout: 0) { try wait() }
    while true {
      do throws(Errno) {
        let count = try POSIX.read(descriptor, into: &buffer, end..<buffer.count)
        end += count
        return count > 0
      } catch {
        guard error.code == EAGAIN else { throw SystemError(error, operation: "read", object: name) }
      }
      try wait()
    }
  }

  private func wait() throws {
    repeat { try beforeBlocking() } while try !isReady(timeout: patience ?? -1)
  }

  /// Whether a read would return within so many milliseconds, −1 being no limit; the output and `notification` are watched meanwhile.
  private func isReady(timeout: CInt) throws -> Bool {
    // A negative descriptor is passed over. With no events asked for, poll still reports an error: on the writing end of a pipe, that
    // its reader has gone.
    var descriptors = [
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: timeout == 0 ? -1 : watchedOutput ?? -1, events: 0, revents: 0),
      pollfd(fd: timeout == 0 ? -1 : notification ?? -1, events: Int16(POLLIN), revents: 0),
    ]
    let count = unsafe poll(&descriptors, nfds_t(descriptors.count), timeout)
    if count < 0 {
      if errno == EINTR { return false }
      throw SystemError(operation: "wait for", object: name)
    }
    if descriptors[1].revents != 0 {
      if descriptors[1].revents & Int16(POLLERR | POLLHUP) != 0 { endByBrokenPipe() }
      // Closed from the start: the first write says so.
      watchedOutput = nil
    }
    return descriptors[0].revents != 0
  }
}
