// Reads a tar archive member by member as it arrives: ustar, pax, GNU long names; all sizes are checked before use.

import POSIX

/// Why an archive cannot be read further. Nothing after the fault can be trusted.
package enum TarError: ReportableError, Equatable {
  /// The input ended inside a member, a header, or before the end-of-archive blocks.
  case truncated(after: String?)
  case header(String, after: String?)
  case extendedHeaderTooLong(bytes: Int)
  case nameTooLong(bytes: Int)
  case dataAfterEnd
  /// Zeros, but not as many as tar writes for an archive without members.
  case onlyZeros(bytes: Int)

  package var status: ExitStatus { .data }

  package var reason: String {
    switch self {
    case .truncated(let member): "the tar archive is truncated" + Self.place(member)
    case .header(let fault, let member): "the tar archive has a header with \(fault)" + Self.place(member)
    case .extendedHeaderTooLong(let bytes): "the tar archive has an extended header of \(bytes) bytes, over 1 MiB"
    case .nameTooLong(let bytes):
      "the tar archive has a member name of \(bytes) bytes, over \(ItemName.maximumLength)"
    case .onlyZeros(let bytes): "\(bytes) zero bytes, not an archive"
    case .dataAfterEnd: "there is data after the end of the tar archive"
    }
  }

  private static func place(_ member: String?) -> String { member.map { " after member \($0)" } ?? "" }
}

/// One member of an archive.
package struct TarEntry: Equatable, Sendable {
  package enum Kind: Equatable, Sendable {
    case file
    case directory
    /// A link, a device, a sparse file: what it is, for a message.
    case other(description: String)
  }

  package let name: ItemName
  package let kind: Kind
  /// Bytes of the body. Not verified: allocate as the bytes arrive.
  package let size: Int
}

/// A pull reader over an `InputStream`.
///
/// After `next()` the body may be taken with `readBody()`; the following `next()` skips what is left of it and
/// the padding, so a member is complete as soon as its last byte has been received.
/// Functions throw `TarError`, and what the input throws.
package struct TarReader {
  private let input: InputStream
  private var global = PaxRecords()
  private var bodyLeft = 0
  private var padding = 0
  private var lastName: ItemName?
  private var hasHeader = false

  private static let maximumExtendedHeader = 1 << 20

  package init(_ input: InputStream) { self.input = input }

  /// The next member, or nil after the end-of-archive blocks, when the input has been read to its end.
  package mutating func next() throws -> TarEntry? {
    var local = PaxRecords()
    var longName: [UInt8]?
    var longTarget: [UInt8]?
    while true {
      try passOver(bodyLeft + padding)
      (bodyLeft, padding) = (0, 0)
      guard let block = try headerBlock() else { return nil }
      let header = try mapError {
        malformed($0 == .checksum ? "a wrong checksum" : "an impossible size")
      } of: {
        () throws(TarHeader.Malformed) in
        try TarHeader(block)
      }
      switch header.type {
      // Solaris wrote X before POSIX chose x.
      case UInt8(ascii: "x"), UInt8(ascii: "X"): local = try paxRecords(header)
      case UInt8(ascii: "g"): global = try paxRecords(header).over(global)
      case UInt8(ascii: "L"): longName = Array(try extendedBody(header).prefix { $0 != 0 })
      case UInt8(ascii: "K"): longTarget = Array(try extendedBody(header).prefix { $0 != 0 })
      // A volume label is not a member.
      case UInt8(ascii: "V"): try beginBody(header.size)
      default:
        return try entry(header, records: local.over(global), longName: longName, longTarget: longTarget)
      }
    }
  }

  /// The member's bytes, all of them.
  package mutating func readBody() throws -> [UInt8] {
    let count = bodyLeft
    let body = try input.read(count)
    bodyLeft -= body.count
    guard body.count == count else { throw TarError.truncated(after: lastName?.text) }
    return body
  }

  private mutating func entry(
    _ header: TarHeader, records: PaxRecords, longName: [UInt8]?, longTarget: [UInt8]?
  ) throws -> TarEntry {
    // A sparse file's own name; its path is one that old readers can extract it under.
    let name = records["GNU.sparse.name"] ?? records["path"] ?? longName ?? header.name
    guard name.count <= ItemName.maximumLength else { throw TarError.nameTooLong(bytes: name.count) }
    var size = header.size
    if let value = records["size"] {
      guard let number = Int(String(decoding: value, as: UTF8.self)), number >= 0 else {
        throw TarError.header("an impossible size", after: lastName?.text)
      }
      size = number
    }
    var isExtended = header.isExtended
    while isExtended {
      let block = try input.read(TarHeader.size)
      guard block.count == TarHeader.size else { throw TarError.truncated(after: lastName?.text) }
      isExtended = block[504] != 0
    }
    let target = ItemName(bytes: records["linkpath"] ?? longTarget ?? header.target).text
    let isSparse = records.values.contains { $0.key.hasPrefix("GNU.sparse.") }
    let kind = Self.kind(header.type, name: name, target: target, isSparse: isSparse)
    // Links, devices and directories have no body, even if their size field is not zero (GNU tar writes some that do).
    if (UInt8(ascii: "1")...UInt8(ascii: "6")).contains(header.type) { size = 0 }
    try beginBody(size)
    lastName = ItemName(bytes: name)
    return TarEntry(name: ItemName(bytes: name), kind: kind, size: size)
  }

  private static func kind(_ type: UInt8, name: [UInt8], target: String, isSparse: Bool) -> TarEntry.Kind {
    if isSparse { return .other(description: "a sparse file") }
    let toTarget = target.isEmpty ? "" : " to \(target)"
    switch type {
    case UInt8(ascii: "0"), 0, UInt8(ascii: "7"): return name.last == UInt8(ascii: "/") ? .directory : .file
    case UInt8(ascii: "5"): return .directory
    case UInt8(ascii: "1"): return .other(description: "a hard link\(toTarget)")
    case UInt8(ascii: "2"): return .other(description: "a symbolic link\(toTarget)")
    case UInt8(ascii: "3"), UInt8(ascii: "4"): return .other(description: "a device")
    case UInt8(ascii: "6"): return .other(description: "a named pipe")
    case UInt8(ascii: "S"): return .other(description: "a sparse file")
    default: return .other(description: "a tar member of type \(printable(String(Unicode.Scalar(type))))")
    }
  }

  /// The next block, or nil when it began the end of the archive and everything behind it has been read.
  private mutating func headerBlock() throws -> [UInt8]? {
    let block = try input.read(TarHeader.size)
    guard block.count == TarHeader.size else { throw TarError.truncated(after: lastName?.text) }
    guard block.allSatisfy({ $0 == 0 }) else {
      hasHeader = true
      return block
    }
    guard hasHeader else {
      try checkEmptyArchive()
      return nil
    }
    let second = try input.read(TarHeader.size)
    guard second.count == TarHeader.size else { throw TarError.truncated(after: lastName?.text) }
    guard second.allSatisfy({ $0 == 0 }), try input.drainZeros() != nil else { throw TarError.dataAfterEnd }
    return nil
  }

  /// Two blocks, or records of twenty as tar pads them, are an archive without members; other zeros are a file whose
  /// data was lost.
  private func checkEmptyArchive() throws {
    guard let rest = try input.drainZeros() else { throw TarError.dataAfterEnd }
    let count = TarHeader.size + rest
    guard count == 2 * TarHeader.size || count % (20 * TarHeader.size) == 0 else {
      throw TarError.onlyZeros(bytes: count)
    }
  }

  private mutating func beginBody(_ size: Int) throws {
    let (padded, overflow) = size.addingReportingOverflow(TarHeader.size - 1)
    guard !overflow else { throw TarError.header("an impossible size", after: lastName?.text) }
    bodyLeft = size
    padding = padded / TarHeader.size * TarHeader.size - size
  }

  private mutating func extendedBody(_ header: TarHeader) throws -> [UInt8] {
    guard header.size <= Self.maximumExtendedHeader else {
      throw TarError.extendedHeaderTooLong(bytes: header.size)
    }
    try beginBody(header.size)
    return try readBody()
  }

  private mutating func paxRecords(_ header: TarHeader) throws -> PaxRecords {
    let body = try extendedBody(header)
    return try mapError { _ in
      malformed("a malformed pax record")
    } of: { () throws(PaxRecords.Malformed) in
      try PaxRecords(body)
    }
  }

  private func malformed(_ what: String) -> TarError { .header(what, after: lastName?.text) }

  private func passOver(_ count: Int) throws {
    guard try input.skip(count) == count else { throw TarError.truncated(after: lastName?.text) }
  }
}
