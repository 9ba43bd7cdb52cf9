// What this module reads of the world outside, as values: a test gives its own.

import ASCII
import Glibc
import POSIX

/// The variables, the clock, the files and the programs that configuration and credentials are read from.
package struct SystemEnvironment: Sendable {
  var variables: [String: String]
  var now: @Sendable () -> Timestamp
  /// The whole content of a file, or nil where it cannot be read.
  package var readFile: @Sendable (String) -> [UInt8]?
  /// Replaces a file as a whole, readable by its owner alone; whether that succeeded.
  var writeFile: @Sendable (String, [UInt8]) -> Bool
  /// Runs a command line and gives its exit status (−1 where a signal ended it) and standard output.
  var run: @Sendable (String) -> (status: CInt, output: [UInt8])
  /// The running program's name, which sessions of roles are called by default.
  var programName = "aws"

  package init(
    variables: [String: String], now: @escaping @Sendable () -> Timestamp,
    readFile: @escaping @Sendable (String) -> [UInt8]?,
    writeFile: @escaping @Sendable (String, [UInt8]) -> Bool = { _, _ in false },
    run: @escaping @Sendable (String) -> (status: CInt, output: [UInt8])
  ) {
    self.variables = variables
    self.now = now
    self.readFile = readFile
    self.writeFile = writeFile
    self.run = run
  }

  /// This process's own.
  package static let process: SystemEnvironment = {
    var environment = SystemEnvironment(
      variables: processVariables(), now: currentTime, readFile: { contents(ofFile: $0) },
      writeFile: { replaceFile($0, with: $1) }, run: { (try? runCommand($0)) ?? (-1, []) })
    // Services and containers are started without it; the user database knows the folder.
    if environment.variable("HOME") == nil { environment.variables["HOME"] = homeFolder() }
    if let name = CommandLine.arguments.first?.split(separator: "/").last { environment.programName = String(name) }
    return environment
  }()

  /// A variable's value; an empty one counts as absent.
  package func variable(_ name: String) -> String? {
    guard let value = variables[name], !value.isEmpty else { return nil }
    return value
  }

  /// Whether a variable says true.
  func isSet(_ name: String) -> Bool { variable(name)?.equalsIgnoringASCIICase("true") ?? false }

  /// A path with `~/` replaced by the home folder.
  func expand(_ path: String) -> String {
    guard path.hasPrefix("~/"), let home = variable("HOME") else { return path }
    return home + path.dropFirst()
  }

  /// The program's name with what a role session's name cannot hold left out: 2 to 64 of `[A-Za-z0-9_+=,.@-]`.
  var defaultSessionName: String {
    let allowed = programName.utf8.filter { $0.isASCIILetter || $0.isASCIIDigit || "_+=,.@-".utf8.contains($0) }
    let name = String(decoding: allowed.prefix(64), as: UTF8.self)
    return name.utf8.count < 2 ? "aws-session" : name
  }
}

/// The time of day.
func currentTime() -> Timestamp {
  let (seconds, nanoseconds) = Clock.wall.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
  return Timestamp(seconds: seconds, nanoseconds: Int32(nanoseconds))
}

private func processVariables() -> [String: String] {
  var result: [String: String] = [:]
  var entry = unsafe environ
  while let text = unsafe entry.pointee {
    let pair = unsafe String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    if pair.count == 2 { result[String(pair[0])] = String(pair[1]) }
    unsafe entry += 1
  }
  return result
}

/// The home folder that the user database gives this user.
private func homeFolder() -> String? {
  guard let entry = unsafe getpwuid(getuid()), let folder = unsafe entry.pointee.pw_dir else { return nil }
  return unsafe String(cString: folder)
}

/// Bytes of the largest configuration file or program output that is read.
private let maximumFileSize = 4 << 20

private func contents(ofFile path: String) -> [UInt8]? {
  guard let file = try? Descriptor(opening: path, O_RDONLY) else { return nil }
  return try? readAll(file.rawValue, limit: maximumFileSize)
}

/// Readers see the old file or the new one, never a part of either.
private func replaceFile(_ path: String, with bytes: [UInt8]) -> Bool {
  var template = Array("\(path).XXXXXX".utf8CString)
  guard let file = try? Descriptor(creating: &template) else { return false }
  do throws(Errno) {
    try unsafe writeAll(bytes.span.bytes, to: file.rawValue)
    try retryingInterrupts { fsync(file.rawValue) }
    try retryingInterrupts { unsafe rename(template, path) }
    return true
  } catch {
    unsafe unlink(template)
    return false
  }
}

/// Runs the command line by `/bin/sh`; it shares this process's standard input and standard error.
///
/// - Returns: nil where it cannot be started or a signal ended it.
private func runCommand(_ command: String) throws(Errno) -> (status: CInt, output: [UInt8])? {
  let pipe = try Pipe()
  // SIGPIPE, which this process ignores, has its default effect on the program.
  let pid = try spawn(
    ["/bin/sh", "-c", command], standard: [nil, pipe.write.rawValue, nil], defaultSignals: [SIGPIPE])
  let reading = pipe.closeWrite()
  let output = (try? readAll(reading.rawValue, limit: maximumFileSize)) ?? []
  guard case .exited(let status) = try waitForExit(pid) else { return nil }
  return (status, output)
}
