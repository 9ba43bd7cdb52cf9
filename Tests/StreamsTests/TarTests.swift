// Archives in every format, and damaged ones.

import Streams
import Testing

@testable import Streams

/// A name as a test case is called: the longest would fill pages.
extension ItemName: CustomTestStringConvertible {
  public var testDescription: String { "\(printable(String(text.prefix(24)))) (\(bytes.count) bytes)" }
}

/// Everything an archive holds: kinds, names and bodies.
private func members(_ archive: [UInt8]) throws -> [(entry: TarEntry, body: [UInt8])] {
  try reading(archive) { input throws in
    var reader = TarReader(input)
    var result: [(TarEntry, [UInt8])] = []
    while let entry = try reader.next() { result.append((entry, try reader.readBody())) }
    return result
  }
}

private func archive(_ items: [(name: ItemName, body: [UInt8])]) throws -> [UInt8] {
  try collect { output in
    let writer = TarWriter(output)
    for item in items { try writer.append(item.name, item.body) }
    try writer.finish()
  }
}

/// A header of the given type with everything else in place.
private func header(_ name: String, size: Int = 0, type: Character = "0") -> [UInt8] {
  TarHeader.encode(name: Array(name.utf8), size: size, modificationTime: 0, type: type.asciiValue!)!
}

private func padded(_ bytes: [UInt8]) -> [UInt8] {
  bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
}

private let end = [UInt8](repeating: 0, count: 1024)

@Suite struct TarTests {
  static let names: [ItemName] = [
    ItemName("a"), ItemName("a/cat.jpg"), ItemName(String(repeating: "n", count: 100)),
    ItemName(String(repeating: "n", count: 101)), ItemName(String(repeating: "d", count: 155) + "/" + "f"),
    ItemName(String(repeating: "d", count: 156) + "/" + "f"), ItemName(String(repeating: "x/", count: 2500) + "y"),
    ItemName("größe/猫.jpg"), ItemName("line\nbreak"), ItemName("\u{1B}[2J"), ItemName(bytes: [0xFF, 0xFE, 0x2F, 0x61]),
    ItemName("../../etc/passwd"), ItemName("/absolute"), ItemName(" leading and trailing "),
    ItemName(String(repeating: "é", count: 4096)),
  ]

  @Test(arguments: names, [0, 1, 511, 512, 513, 5000])
  func roundTrip(name: ItemName, size: Int) throws {
    let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let read = try members(archive([(name, body), (ItemName("last"), [1])]))
    #expect(read.map(\.entry.name) == [name, ItemName("last")])
    #expect(read.map(\.body) == [body, [1]])
    #expect(read.allSatisfy { $0.entry.kind == .file })
  }

  @Test func emptyArchives() throws {
    #expect(try members(end).isEmpty)
    #expect(try members(end + [UInt8](repeating: 0, count: 9216)).isEmpty)
  }

  @Test(
    arguments: [
      ("1", "a hard link"), ("2", "a symbolic link"), ("3", "a device"), ("4", "a device"), ("6", "a named pipe"),
      ("S", "a sparse file"), ("Z", "a tar member of type Z"),
    ] as [(Character, String)])
  func otherKinds(type: Character, description: String) throws {
    let read = try members(header("it", type: type) + header("next") + end)
    #expect(read[0].entry.kind == .other(description: description))
    #expect(read[1].entry.kind == .file)
  }

  @Test(arguments: [2, 20, 40], [false, true])
  func zerosAreAnArchiveInTarsSizesAlone(blocks: Int, oneMore: Bool) throws {
    let zeros = [UInt8](repeating: 0, count: 512 * (blocks + (oneMore ? 1 : 0)))
    if oneMore {
      #expect(throws: TarError.onlyZeros(bytes: zeros.count)) { try members(zeros) }
    } else {
      #expect(try members(zeros).isEmpty)
    }
  }

  @Test func directories() throws {
    let read = try members(header("d/", type: "5") + header("old/") + header("plain", type: "\0") + end)
    #expect(read.map(\.entry.kind) == [.directory, .directory, .file])
  }

  @Test func linksHaveNoBodyWhateverTheirSizeSays() throws {
    let read = try members(header("link", size: 700, type: "2") + header("next") + end)
    #expect(read.map(\.entry.name.text) == ["link", "next"])
  }

  @Test func gnuLongName() throws {
    let name = String(repeating: "long/", count: 60) + "name"
    let long = header("././@LongLink", size: name.utf8.count + 1, type: "L") + padded(Array(name.utf8) + [0])
    #expect(try members(long + header("short") + end).map(\.entry.name.text) == [name])
  }

  @Test func volumeLabelsAndGlobalRecordsAreNoMembers() throws {
    var records = PaxRecords()
    records.append("comment", Array("made by hand".utf8))
    let global = header("g", size: records.encoded.count, type: "g") + padded(records.encoded)
    #expect(try members(header("label", type: "V") + global + header("file") + end).map(\.entry.name.text) == ["file"])
  }

  @Test func paxSizeOverridesTheHeader() throws {
    var records = PaxRecords()
    records.append("size", Array("3".utf8))
    let pax = header("pax", size: records.encoded.count, type: "x") + padded(records.encoded)
    let read = try members(pax + header("file", size: 0) + padded([1, 2, 3]) + header("next") + end)
    #expect(read.map(\.body) == [[1, 2, 3], []])
  }

  @Test func paxRecordLengthsCountTheirOwnDigits() throws {
    for length in 0...1200 {
      var records = PaxRecords()
      records.append("path", [UInt8](repeating: 0x61, count: length))
      records.append("other", [0x0A, 0x3D])
      #expect(try PaxRecords(records.encoded) == records)
    }
  }

  @Test(arguments: [
    "", "5", "5 a=", "99 a=b\n", "4 =\n", "6 a=b\n\n", "0 a=b\n", "-6 a=b\n", "6 a:b\n", "99999999999999999999 a=b\n",
  ])
  func malformedPaxRecords(text: String) {
    if text.isEmpty {
      #expect(throws: Never.self) { try PaxRecords([]) }
    } else {
      #expect(throws: PaxRecords.Malformed.self) { try PaxRecords(Array(text.utf8)) }
    }
  }

  @Test func aNameOverTheLimitIsRefused() throws {
    let name = ItemName(String(repeating: "n", count: ItemName.maximumLength + 1))
    #expect(throws: TarError.nameTooLong(bytes: ItemName.maximumLength + 1)) { try members(archive([(name, [])])) }
  }

  @Test func aHugeExtendedHeaderIsRefused() {
    #expect(throws: TarError.extendedHeaderTooLong(bytes: 1 << 30)) {
      try members(header("pax", size: 1 << 30, type: "x"))
    }
  }

  @Test func hugeSizesAreTruncationNotAllocation() {
    var block = header("big", size: 0)
    block.replaceSubrange(124..<136, with: [0x80, 0, 0, 0, 0, 0x3F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
    block.replaceSubrange(148..<156, with: Array("        ".utf8))
    let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
    block.replaceSubrange(148..<156, with: Array(sum.utf8) + [UInt8](repeating: 0, count: 8 - sum.utf8.count))
    #expect(throws: TarError.truncated(after: "big")) { try members(block + [1, 2, 3]) }
  }

  @Test func dataBehindTheEndIsNotLost() throws {
    let one = try archive([(ItemName("a"), [1])])
    #expect(throws: TarError.dataAfterEnd) { try members(one + one) }
  }

  /// Every length of an archive but the whole one is an error, and everything before the cut was given.
  @Test func cutAtEveryLength() throws {
    let whole = try archive([
      (ItemName("first"), [1, 2, 3]), (ItemName("größe"), [UInt8](repeating: 9, count: 600)), (ItemName("empty"), []),
    ])
    for length in 0..<whole.count {
      try reading(Array(whole[..<length])) { input throws in
        var reader = TarReader(input)
        #expect(throws: TarError.self, "cut at \(length)") {
          while try reader.next() != nil { _ = try reader.readBody() }
        }
      }
    }
    #expect(try members(whole).count == 3)
  }

  /// A flipped bit is an error, or a harmless change to a body or a name; never a trap.
  @Test func everyBitFlipped() throws {
    let whole = try archive([(ItemName("größe"), [UInt8](repeating: 9, count: 600)), (ItemName("b"), [1])])
    for index in whole.indices {
      for bit in 0..<8 {
        var flipped = whole
        flipped[index] ^= 1 << UInt8(bit)
        do { _ = try members(flipped) } catch is TarError {}
      }
    }
  }
}
