// The plan: the decision table, the merge, the collisions, the spool, and memory.

import AWS
import HTTP
import S3
import Testing

@testable import s3sync

private func entry(_ key: String, size: Int64 = 1, time: Int64 = 100, milliseconds: Int32 = 0) -> Entry {
  Entry(key: Key(key), size: size, modified: Timestamp(seconds: time, nanoseconds: milliseconds * 1_000_000))
}

/// A row of the decision table.
struct Row: Sendable {
  var source = (size: Int64(1), time: Int64(100), milliseconds: Int32(0))
  var target: (size: Int64, time: Int64, milliseconds: Int32)? = (1, 100, 0)
  var direction = Direction.upload
  var rules = ComparisonRules()
  let decision: Decision
}

@Test(
  "the decision table",
  arguments: [
    Row(target: nil, decision: .transfer),
    Row(target: nil, rules: ComparisonRules(comparison: .checksum), decision: .transfer),
    Row(target: (2, 100, 0), rules: ComparisonRules(comparison: .sizeOnly), decision: .transfer),
    Row(target: (2, 100, 0), rules: ComparisonRules(comparison: .checksum), decision: .transfer),
    Row(target: (1, 1, 0), rules: ComparisonRules(comparison: .sizeOnly), decision: .skip),
    Row(rules: ComparisonRules(comparison: .checksum), decision: .compareBytes),
    Row(source: (1, 101, 0), decision: .transfer),
    Row(source: (1, 101, 0), direction: .copy, decision: .transfer),
    Row(decision: .skip),
    Row(source: (1, 99, 0), decision: .skip),
    Row(source: (1, 99, 0), direction: .copy, decision: .skip),
    Row(direction: .download, decision: .skip),
    Row(source: (1, 99, 0), direction: .download, decision: .compareTimes),
    Row(source: (1, 101, 0), direction: .download, decision: .compareTimes),
    Row(source: (1, 101, 0), direction: .download, rules: ComparisonRules(usesFileTimes: false), decision: .transfer),
    Row(target: (2, 1, 0), rules: ComparisonRules(skipsExistingTargets: true), decision: .skip),
    Row(target: nil, rules: ComparisonRules(skipsExistingTargets: true), decision: .transfer),
    Row(target: (2, 101, 0), rules: ComparisonRules(skipsNewerTargets: true), decision: .skip),
    Row(target: (2, 99, 0), rules: ComparisonRules(skipsNewerTargets: true), decision: .transfer),
    Row(
      target: (2, 99, 0), direction: .download, rules: ComparisonRules(skipsNewerTargets: true), decision: .compareTimes
    ),
    Row(target: (2, 101, 0), direction: .download, rules: ComparisonRules(skipsNewerTargets: true), decision: .skip),
    // Milliseconds count where both sides have them.
    Row(source: (1, 100, 7), decision: .skip),
    Row(source: (1, 100, 7), target: (1, 100, 6), decision: .transfer),
    Row(source: (1, 100, 6), target: (1, 100, 7), direction: .download, decision: .compareTimes),
  ])
func decisions(row: Row) {
  let source = entry("k", size: row.source.size, time: row.source.time, milliseconds: row.source.milliseconds)
  let target = row.target.map { entry("k", size: $0.size, time: $0.time, milliseconds: $0.milliseconds) }
  #expect(decide(source: source, target: target, direction: row.direction, rules: row.rules) == row.decision)
}

/// A stream of entries made one by one.
@Loop
private final class Generated: EntryStream {
  private var index = 0
  private let count: Int
  private let make: (Int) -> Entry

  init(_ count: Int, _ make: @escaping (Int) -> Entry) {
    self.count = count
    self.make = make
  }

  func next() -> Entry? {
    guard index < count else { return nil }
    index += 1
    return make(index - 1)
  }
}

private struct Planned: Equatable, Sendable {
  var transfers: [String] = []
  var deletions: [String] = []
  var problems: [String] = []
}

private func plan(
  _ source: [Entry], _ target: [Entry], direction: Direction = .download, filter: Filter = Filter(),
  ignoresCase: Bool = false
) throws -> Planned {
  try Loop.run { () -> Result<Planned, SyncError> in
    var planned = Planned()
    let planner = Planner(
      direction: direction, rules: ComparisonRules(), filter: filter, deletes: true, ignoresCase: ignoresCase
    ) { key, _ in planned.problems.append(key.text) }
    do throws(SyncError) {
      let plan = try await planner.plan(
        source: Generated(source.count) { source[$0] }, target: Generated(target.count) { target[$0] })
      while let action = try? plan.transfers.next() { planned.transfers.append(action.entry.key.text) }
      while let action = try? plan.deletions.next() { planned.deletions.append(action.entry.key.text) }
      return .success(planned)
    } catch {
      return .failure(error)
    }
  }.get()
}

@Suite(.serialized) struct MergeTests {
  @Test func bothSides() throws {
    let planned = try plan(
      [entry("a"), entry("b", time: 7), entry("d")], [entry("a"), entry("b"), entry("c"), entry("e")])
    #expect(planned == Planned(transfers: ["b", "d"], deletions: ["c", "e"]))
  }

  @Test func emptySides() throws {
    #expect(try plan([], []) == Planned())
    #expect(try plan([], [entry("a")]) == Planned(deletions: ["a"]))
    #expect(try plan([entry("a")], []) == Planned(transfers: ["a"]))
  }

  @Test func excludedIsNeitherTransferredNorDeleted() throws {
    let filter = Filter(rules: [Filter.Rule(includes: false, glob: Glob("*.tmp"))])
    #expect(
      try plan([entry("a.tmp"), entry("b")], [entry("c.tmp"), entry("d")], filter: filter)
        == Planned(transfers: ["b"], deletions: ["d"]))
  }

  @Test func unreadableIsAProblem() throws {
    let source = [
      Entry(key: Key("a"), kind: .unreadable(reason: "r")), Entry(key: Key("d/"), kind: .unreadableFolder(reason: "r")),
      entry("e"),
    ]
    let planned = try plan(source, [entry("a")], direction: .upload)
    #expect(planned == Planned(transfers: ["e"], problems: ["a", "d/"]))
  }

  @Test func nonFilesAtTheTargetAreNeitherCurrentNorDeleted() throws {
    let target = [
      Entry(key: Key("a"), kind: .unreadable(reason: "r")), Entry(key: Key("b"), kind: .unreadable(reason: "r")),
    ]
    #expect(try plan([entry("a", size: 0)], target) == Planned(transfers: ["a"]))
  }

  @Test func keysThatAreNoPaths() throws {
    let bad = ["../x", "/x", "a//b", "a/../b", "a\0b", String(repeating: "n", count: 256)].sorted { Key($0) < Key($1) }
    #expect(try plan(bad.map { entry($0) }, []).problems == bad)
    #expect(try plan(bad.map { entry($0) }, [], direction: .copy).transfers == bad)
  }

  @Test func collisions() throws {
    let keys = ["A", "a", "a-b", "a-b/c", "a.x", "a/b", "b/c", "bb"]
    #expect(try plan(keys.map { entry($0) }, []).problems == ["a-b/c", "a/b"])
    #expect(try plan(keys.map { entry($0) }, [], ignoresCase: true).problems == ["a", "a-b/c", "a/b"])
  }

  @Test("two million entries a side take no memory") func twoMillion() throws {
    let before = residentMemory()
    let deletions = try Loop.run { () -> Result<Int, SyncError> in
      let planner = Planner(
        direction: .copy, rules: ComparisonRules(), filter: Filter(), deletes: true, ignoresCase: false
      ) { _, _ in }
      func key(_ index: Int) -> Key { Key("photos/" + String(100_000_000 + index) + ".jpg") }
      do throws(SyncError) {
        // Every other source is changed, and the target has as many keys again between: one million of each to do.
        let plan = try await planner.plan(
          source: Generated(2_000_000) { Entry(key: key(2 * $0), size: Int64($0 % 2)) },
          target: Generated(2_000_000) { Entry(key: key($0), size: 0) })
        return .success(plan.deletions.count)
      } catch {
        return .failure(error)
      }
    }.get()
    #expect(deletions == 1_000_000)
    #expect(residentMemory() - before < 32 << 20)
  }
}

/// Bytes of this process that are in memory.
private func residentMemory() -> Int {
  let bytes = SystemEnvironment.process.readFile("/proc/self/statm") ?? []
  return (Int(String(decoding: bytes, as: UTF8.self).split(separator: " ")[1]) ?? 0) * 4096
}

@Test("what is spooled comes back, from memory and from the file", arguments: [0, 1, 1000, 200_000])
func spool(count: Int) throws {
  let spool = Spool()
  func action(_ index: Int) -> Action {
    Action(
      kind: index % 2 == 0 ? .transfer : .compareBytes,
      entry: Entry(
        key: Key("key-\(index)"), size: Int64(index), modified: Timestamp(seconds: -Int64(index), nanoseconds: 5),
        etag: index % 3 == 0 ? nil : "e\(index)"), targetTag: index % 5 == 0 ? "t" : nil)
  }
  for index in 0..<count { try spool.append(action(index)) }
  #expect(spool.count == count)
  var wrong = 0
  for index in 0..<count where try spool.next() != action(index) { wrong += 1 }
  #expect(wrong == 0)
  #expect(try spool.next() == nil)
}

@Test("texts of any length come back", arguments: [1, 200, 4_000, 70_000, 600_000])
func longSpool(length: Int) throws {
  let spool = Spool()
  func action(_ index: Int) -> Action {
    let text = String(repeating: "e", count: length + index % 7)
    return Action(
      kind: .transfer, entry: Entry(key: Key("key-\(index)"), size: .max, modified: nil, etag: text), targetTag: text)
  }
  let count = 12_000_000 / length
  for index in 0..<min(count, 20_000) { try spool.append(action(index)) }
  var wrong = 0
  for index in 0..<spool.count where try spool.next() != action(index) { wrong += 1 }
  #expect(try wrong == 0 && spool.next() == nil)
  #expect(spool.totalSize == .max)
}
