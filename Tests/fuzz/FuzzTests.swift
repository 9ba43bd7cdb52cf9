// Feeds changed files to every reader, for as long as asked. A trap ends the process: the input is in the file then.
//
// FUZZ_SEEDS: a folder with a folder of seeds for each reader. FUZZ_SECONDS: for all readers together. FUZZ_READER: only
// this one. FUZZ_RANDOM: a number that other runs' inputs depend on. Tests/long/fuzz.sh sets them.

import Glibc
import POSIX
import Streams
import Testing

private func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

/// What one reader did with its inputs.
private struct Count {
  var inputs = 0
  var accepted = 0
  /// Seconds of the input that took longest.
  var slowest = 0.0
  var seconds = 0.0
}

@Suite struct FuzzTests {
  /// An input that takes longer stalls a stream.
  static let secondsPerInput = 5.0

  @Test(.enabled(if: environment("FUZZ_SECONDS") != nil)) func everyReader() throws {
    let folder = try #require(environment("FUZZ_SEEDS"))
    let readers = Reader.all.filter { environment("FUZZ_READER") == nil || environment("FUZZ_READER") == $0.name }
    let seconds = try #require(environment("FUZZ_SECONDS").flatMap(Double.init)) / Double(readers.count)
    let random = environment("FUZZ_RANDOM").flatMap(UInt64.init) ?? UInt64(Clock.wall.nanoseconds)
    print("FUZZ_RANDOM=\(random)")
    for reader in readers {
      let seeds = try Self.files("\(folder)/\(reader.name)")
      #expect(!seeds.isEmpty)
      let count = try Self.run(
        reader, Mutator(seeds: seeds, random: SplitMix(state: random)), seconds: seconds,
        lastInput: "\(folder)/last-input")
      var usage = rusage()
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      print(
        "fuzz \(reader.name): \(count.inputs) inputs, \(100 * count.accepted / max(1, count.inputs)) % accepted,",
        "slowest \(fixed(count.slowest * 1000, decimals: 1)) ms, peak \(usage.ru_maxrss / 1024) MiB so far")
      #expect(count.inputs > 0 && count.slowest < Self.secondsPerInput)
    }
  }

  private static func run(
    _ reader: Reader, _ mutator: Mutator, seconds: Double, lastInput: String
  ) throws -> Count {
    let file = open(lastInput, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    try #require(file >= 0)
    defer { close(file) }
    var mutator = mutator
    var count = Count()
    let start = Clock.monotonic.seconds
    var now = start
    while now - start < seconds {
      let input = mutator.next()
      ftruncate(file, 0)
      _ = input.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, 0) }
      do {
        try reader.read(input)
        count.accepted += 1
      } catch {}
      let end = Clock.monotonic.seconds
      count.slowest = max(count.slowest, end - now)
      count.inputs += 1
      now = end
    }
    count.seconds = now - start
    return count
  }

  /// The contents of a folder's files that hold anything.
  private static func files(_ folder: String) throws -> [[UInt8]] {
    let directory = try #require(opendir(folder))
    defer { closedir(directory) }
    var result: [[UInt8]] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name.hasPrefix(".") { continue }
      let bytes = try MappedFile.contents(path: "\(folder)/\(name)")
      if !bytes.isEmpty { result.append(bytes) }
    }
    return result
  }
}
