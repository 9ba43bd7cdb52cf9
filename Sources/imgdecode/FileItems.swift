// Files named by arguments or by a list.

import Glibc
import Streams

/// The files at the given paths. A file that cannot be read is a failed item; the others follow.
struct FileItems: ItemSource {
  private let nextPath: () throws -> [UInt8]?
  private let open: (_ descriptor: CInt, _ path: String, _ capacity: Int) -> InputStream
  private let maximumBytes: Int

  /// - Parameters:
  ///   - maximumBytes: a longer file is an error, read no further.
  ///   - open: gives the stream by which a file is read; a named pipe can block like any other input.
  ///   - nextPath: the next path, or nil after the last.
  init(
    maximumBytes: Int, open: @escaping (_ descriptor: CInt, _ path: String, _ capacity: Int) -> InputStream,
    nextPath: @escaping () throws -> [UInt8]?
  ) {
    self.nextPath = nextPath
    self.open = open
    self.maximumBytes = maximumBytes
  }

  mutating func next() throws -> Item? {
    guard let path = try nextPath() else { return nil }
    let name = ItemName(bytes: path)
    guard name.removing(ErrorRecord.suffix) == nil else { return .failed(name, .reservedName) }
    do {
      return .image(name, try read(name))
    } catch let error as DecodeError {
      return .failed(name, error)
    } catch let error as SystemError where error.object == name.text {
      return .failed(name, .unreadable(error))
    }
  }

  private func read(_ name: ItemName) throws -> [UInt8] {
    guard !name.bytes.contains(0) else { throw SystemError(code: EINVAL, operation: "open", object: name.text) }
    let descriptor = unsafe (name.bytes + [0]).withUnsafeBytes { path in
      unsafe Glibc.open(path.baseAddress!.assumingMemoryBound(to: CChar.self), O_RDONLY | O_CLOEXEC)
    }
    guard descriptor >= 0 else { throw SystemError(operation: "open", object: name.text) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw SystemError(operation: "stat", object: name.text) }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw DecodeError.notAFile(description: "a directory") }
    let stream = open(descriptor, name.text, min(max(Int(status.st_size) + 1, 4096), 256 << 10))
    let bytes = try stream.read(maximumBytes + 1)
    guard bytes.count <= maximumBytes else { throw DecodeError.tooManyBytes(limit: maximumBytes) }
    return bytes
  }
}

/// A list of paths, as `find` prints it.
struct PathList {
  private let input: InputStream
  private let separator: UInt8

  /// - Parameter separator: the byte that ends a path: a newline, or zero after `find -print0`.
  init(_ input: InputStream, separator: UInt8) {
    self.input = input
    self.separator = separator
  }

  /// The next path that is not empty, or nil at the end. Waits for nothing behind its separator.
  ///
  /// - Throws: `PathTooLong`, or what the input throws.
  func next() throws -> [UInt8]? {
    while let path = try input.read(until: separator, limit: Int(PATH_MAX)) {
      guard path.count <= Int(PATH_MAX) else { throw PathTooLong() }
      if !path.isEmpty { return path }
    }
    return nil
  }
}

/// A path longer than the system takes: most likely a list with the other separator.
struct PathTooLong: ReportableError, Equatable {
  var status: ExitStatus { .data }
  var reason: String { "the list holds a path of over \(PATH_MAX) bytes; is its separator the one that -0 says?" }
}
