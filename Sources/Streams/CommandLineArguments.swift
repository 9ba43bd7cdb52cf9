// The command line split into flags and paths, before the flags are parsed.

/// A command line whose paths have been taken out.
///
/// swift-argument-parser takes time that grows with the square of the number of arguments, reads names that are not
/// UTF-8 with replacements, and reads a name like `-holiday.jpg` as the flag `-h`.
package struct CommandLineArguments: Equatable, Sendable {
  /// Flags and their values, in order.
  package private(set) var flags: [String] = []
  /// The bytes of every other argument, in order. `-` is one of them.
  package private(set) var paths: [[UInt8]] = []

  /// An argument that begins with a single `-` and is not a known flag.
  package struct UnknownFlag: Error, Equatable {
    package let argument: String
  }

  /// - Parameters:
  ///   - arguments: without the program's name.
  ///   - valued: the flags that are followed by a value, with their dashes: `--resize`.
  ///   - short: the flags of one dash.
  package init(
    _ arguments: [[UInt8]], valued: Set<String>, short: Set<String>
  ) throws(UnknownFlag) {
    let dash = UInt8(ascii: "-")
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      guard argument.first == dash, argument.count > 1 else {
        paths.append(argument)
        continue
      }
      let text = String(decoding: argument, as: UTF8.self)
      if text == "--" {
        paths += rest
        return
      }
      guard argument[1] == dash || short.contains(text) else { throw UnknownFlag(argument: text) }
      flags.append(text)
      if valued.contains(text), let value = rest.popFirst() { flags.append(String(decoding: value, as: UTF8.self)) }
    }
  }

  /// This process's arguments, without its name.
  package static var ofThisProcess: [[UInt8]] {
    var result: [[UInt8]] = []
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let argument = unsafe CommandLine.unsafeArgv[index] else { break }
      var bytes: [UInt8] = []
      var next = unsafe argument
      while unsafe next.pointee != 0 {
        bytes.append(UInt8(bitPattern: unsafe next.pointee))
        unsafe next += 1
      }
      result.append(bytes)
    }
    return result
  }
}
