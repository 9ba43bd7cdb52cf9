// Which arguments are paths.

import Testing

@testable import Streams

@Suite struct CommandLineArgumentsTests {
  @Test(
    arguments: [
      ("a b", [], ["a", "b"]), ("--size 4 a --wide b", ["--size", "4", "--wide"], ["a", "b"]),
      ("--size=4 a", ["--size=4"], ["a"]), ("a --size", ["--size"], ["a"]), ("- -h", ["-h"], ["-"]),
      ("-- -a --b --", [], ["-a", "--b", "--"]), ("--size -- a", ["--size", "--"], ["a"]),
      ("--unknown a", ["--unknown"], ["a"]),
    ] as [(String, [String], [String])])
  func split(line: String, flags: [String], paths: [String]) throws {
    let words = line.split(separator: " ").map { Array($0.utf8) }
    let arguments = try CommandLineArguments(words, valued: ["--size"], short: ["-h"])
    #expect(arguments.flags == flags && arguments.paths == paths.map { Array($0.utf8) })
  }

  @Test(arguments: ["-a", "-holiday.jpg", "-hh", "a -0"])
  func unknownFlags(line: String) {
    let words = line.split(separator: " ").map { Array($0.utf8) }
    #expect(throws: CommandLineArguments.UnknownFlag(argument: String(line.split(separator: " ").last!))) {
      _ = try CommandLineArguments(words, valued: [], short: ["-h"])
    }
  }
}
