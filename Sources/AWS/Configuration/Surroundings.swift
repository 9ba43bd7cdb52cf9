// What this room needs of the world outside, as values: a test gives its own.

import Glibc

/// The environment, the clock, the files and the programs that configuration and credentials are read from.
public struct Surroundings: Sendable {
  public var environment: [String: String]
  public var now: @Sendable () -> Timestamp
  /// The whole content of a file, or nil where it cannot be read.
  public var readFile: @Sendable (String) -> [UInt8]?
  /// Replaces a file as a whole, readable by its owner alone; whether that went well.
  public var writeFile: @Sendable (String, [UInt8]) -> Bool
  /// Runs a command line and gives its exit status and standard output.
  public var run: @Sendable (String) -> (status: Int32, output: [UInt8])

  public init(
    environment: [String: String], now: @escaping @Sendable () -> Timestamp,
    readFile: @escaping @Sendable (String) -> [UInt8]?,
    writeFile: @escaping @Sendable (String, [UInt8]) -> Bool = { _, _ in false },
    run: @escaping @Sendable (String) -> (status: Int32, output: [UInt8])
  ) {
    self.environment = environment
    self.now = now
    self.readFile = readFile
    self.writeFile = writeFile
    self.run = run
  }

  /// This process's own.
  public static let process = Surroundings(
    environment: processEnvironment(), now: currentTime, readFile: { contents(ofFile: $0) },
    writeFile: { replaceFile($0, with: $1) }, run: { runCommand($0) })

  /// A variable's value; an empty one counts as absent.
  public func variable(_ name: String) -> String? {
    guard let value = environment[name], !value.isEmpty else { return nil }
    return value
  }

  /// Whether a variable says true.
  func isSet(_ name: String) -> Bool { variable(name)?.lowercased() == "true" }

  /// A path with `~/` replaced by the home folder.
  func expand(_ path: String) -> String {
    guard path.hasPrefix("~/"), let home = variable("HOME") else { return path }
    return home + path.dropFirst()
  }
}

/// The time of day.
public func currentTime() -> Timestamp {
  var time = timespec()
  unsafe clock_gettime(CLOCK_REALTIME, &time)
  return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
}

private func processEnvironment() -> [String: String] {
  var result = [String: String]()
  var entry = unsafe environ
  while let text = unsafe entry.pointee {
    let pair = unsafe String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    if pair.count == 2 { result[String(pair[0])] = String(pair[1]) }
    unsafe entry += 1
  }
  return result
}

/// Configuration files are small; one that is not is not one.
private let maximumFileSize = 4 << 20

private func contents(ofFile path: String) -> [UInt8]? {
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  return readAll(descriptor)
}

/// Readers see the old file or the new one, never a part of either.
private func replaceFile(_ path: String, with bytes: [UInt8]) -> Bool {
  // mkstemp makes it readable and writable by its owner alone.
  var template = Array("\(path).XXXXXX".utf8CString)
  let descriptor = unsafe mkstemp(&template)
  guard descriptor >= 0 else { return false }
  var done = 0
  while done < bytes.count {
    let count = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress! + done, $0.count - done) }
    if count < 0 && errno == EINTR { continue }
    guard count > 0 else { break }
    done += count
  }
  let isWhole = done == bytes.count && fsync(descriptor) == 0
  close(descriptor)
  if isWhole, unsafe rename(template, path) == 0 { return true }
  unsafe unlink(template)
  return false
}

private func readAll(_ descriptor: CInt) -> [UInt8]? {
  var result = [UInt8]()
  var buffer = [UInt8](repeating: 0, count: 16 << 10)
  while true {
    let count = unsafe read(descriptor, &buffer, buffer.count)
    if count == 0 { return result }
    if count < 0 {
      if errno == EINTR { continue }
      return nil
    }
    result += buffer[..<count]
    guard result.count <= maximumFileSize else { return nil }
  }
}

/// Runs the command line by `/bin/sh`, its standard error being ours.
private func runCommand(_ command: String) -> (status: Int32, output: [UInt8]) {
  var ends: [CInt] = [0, 0]
  guard unsafe pipe(&ends) == 0 else { return (-1, []) }
  for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
  var actions = unsafe posix_spawn_file_actions_t()
  unsafe posix_spawn_file_actions_init(&actions)
  unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
  // SIGPIPE, which this process ignores, is the program's own again.
  var attributes = unsafe posix_spawnattr_t()
  unsafe posix_spawnattr_init(&attributes)
  var signals = sigset_t()
  unsafe sigemptyset(&signals)
  unsafe sigaddset(&signals, SIGPIPE)
  unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
  unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
  var child = pid_t()
  var arguments = unsafe [strdup("sh"), strdup("-c"), strdup(command), nil]
  let failed = unsafe posix_spawn(&child, "/bin/sh", &actions, &attributes, &arguments, environ)
  for index in 0..<3 { unsafe free(arguments[index]) }
  unsafe posix_spawn_file_actions_destroy(&actions)
  unsafe posix_spawnattr_destroy(&attributes)
  close(ends[1])
  defer { close(ends[0]) }
  guard failed == 0 else { return (-1, []) }
  let output = readAll(ends[0]) ?? []
  var status: Int32 = 0
  while unsafe waitpid(child, &status, 0) < 0 && errno == EINTR {}
  // Exited by itself: the low seven bits are clear and the next byte is the status.
  return (status & 0x7F == 0 ? (status >> 8) & 0xFF : -1, output)
}
