// Files named by arguments or by a list.

import Glibc
import POSIX
import Streams

/// The files at the given paths. A file that cannot be read is a failed item; the others follow.
struct FileItems: ItemSource {
  /// Where paths come from.
  enum Paths {
    case arguments([[UInt8]])
    case list(PathList)
  }

  /// Paths of the command line, the next one last.
  private var arguments: [[UInt8]]
  private let list: PathList?
  private let standardInput: InputStream
  private let open: (_ descriptor: CInt, _ path: String, _ capacity: Int) -> InputStream
  private let maximumBytes: Int

  /// - Parameters:
  ///   - standardInput: what the argument `-` names.
  ///   - maximumBytes: a longer file is an error, unread where its size is known.
  ///   - open: gives the stream by which a file is read; a named pipe can block like any other input.
  init(
    _ paths: Paths, standardInput: InputStream, maximumBytes: Int,
    open: @escaping (_ descriptor: CInt, _ path: String, _ capacity: Int) -> InputStream
  ) {
    switch paths {
    case .arguments(let arguments): (self.arguments, list) = (arguments.reversed(), nil)
    case .list(let list): (arguments, self.list) = ([], list)
    }
    self.standardInput = standardInput
    self.open = open
    self.maximumBytes = maximumBytes
  }

  mutating func next() throws -> Item? {
    let isArgument = list == nil
    guard let path = try list.map({ try $0.next() }) ?? arguments.popLast() else { return nil }
    let name = ItemName(bytes: path)
    guard name.removing(ErrorRecord.suffix) == nil else { return .failed(name, .reservedName) }
    do {
      if isArgument, name == .standardInput { return .image(name, try readAll(standardInput)) }
      return .image(name, try read(name))
    } catch let error as DecodeError {
      if isArgument, case .notAFile = error { return .unreadableArgument(name, error) }
      return .failed(name, error)
    } catch let error as SystemError where error.object == name.text {
      return isArgument ? .unreadableArgument(name, .unreadable(error)) : .failed(name, .unreadable(error))
    }
  }

  private func read(_ name: ItemName) throws -> [UInt8] {
    guard !name.bytes.contains(0) else { throw SystemError(code: EINVAL, operation: "open", object: name.text) }
    let file = try mapError {
      SystemError($0, operation: "open", object: name.text)
    } of: { () throws(Errno) in
      try Descriptor(opening: name.bytes, O_RDONLY)
    }
    var status = stat()
    guard unsafe fstat(file.rawValue, &status) == 0 else { throw SystemError(operation: "stat", object: name.text) }
    let kind = status.st_mode & S_IFMT
    guard kind != S_IFDIR else { throw DecodeError.notAFile(description: "a directory") }
    guard kind != S_IFREG || status.st_size <= maximumBytes else { throw DecodeError.tooManyBytes(limit: maximumBytes) }
    return try readAll(open(file.rawValue, name.text, min(max(Int(status.st_size) + 1, 4096), 256 << 10)))
  }

  private func readAll(_ stream: InputStream) throws -> [UInt8] {
    let bytes = try stream.read(maximumBytes + 1)
    guard bytes.count <= maximumBytes else { throw DecodeError.tooManyBytes(limit: maximumBytes) }
    return bytes
  }
}

/// A list of paths, as `find` prints it.
struct PathList {
  private let input: InputStream
  private let separator: UInt8

  /// - Parameter separator: the byte that ends a path: a newline, before which a carriage return is dropped, or zero
  ///   after `find -print0`.
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
      let isFromWindows = separator == UInt8(ascii: "\n") && path.last == UInt8(ascii: "\r")
      let trimmed = isFromWindows ? Array(path.dropLast()) : path
      if !trimmed.isEmpty { return trimmed }
    }
    return nil
  }
}

/// A path longer than the system takes: most likely a list with the other separator.
struct PathTooLong: ReportableError, Equatable {
  var status: ExitStatus { .data }
  var reason: String { "the list holds a path of over \(PATH_MAX) bytes; is its separator the one that -0 says?" }
}
