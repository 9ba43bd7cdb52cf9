// Writes a tar archive: ustar where it can represent the member, pax records where it cannot.

/// Appends members to an `OutputStream`. Owners, modes and times are fixed unless given: equal items give equal bytes.
///
/// Functions throw `SystemError` when writing fails.
package struct TarWriter {
  private let output: OutputStream

  package init(_ output: OutputStream) { self.output = output }

  /// Appends one file whose body is the given parts, one after the other.
  ///
  /// - Parameters:
  ///   - name: at most `ItemName.maximumLength` bytes; one that ends in `/` would read as a directory.
  ///   - modificationTime: seconds since 1970.
  package func append(_ name: ItemName, _ parts: [UInt8]..., modificationTime: Int = 0) throws(SystemError) {
    var size = 0
    for part in parts { size += part.count }
    try begin(name, size: size, modificationTime: modificationTime)
    for part in parts { try output.write(part) }
    try end(size: size)
  }

  /// Appends the record of a failed item.
  package func append(_ record: ErrorRecord) throws(SystemError) {
    try append(record.memberName, record.line)
  }

  /// Writes a member's header; exactly `size` bytes must then go to the output, and `end(size:)` after them.
  package func begin(_ name: ItemName, size: Int, modificationTime: Int = 0) throws(SystemError) {
    let file = UInt8(ascii: "0")
    let isASCII = name.bytes.allSatisfy { $0 < 0x80 && $0 != 0 }
    if isASCII,
      let block = TarHeader.encode(name: name.bytes, size: size, modificationTime: modificationTime, type: file)
    {
      return try output.write(block)
    }
    var records = PaxRecords()
    if !name.isText { records.append("hdrcharset", Array("BINARY".utf8)) }
    records.append("path", name.bytes)
    if size > TarHeader.maximumOctalSize { records.append("size", Array(String(size).utf8)) }
    let body = records.encoded
    try writePlain("pax", size: body.count, modificationTime: modificationTime, type: UInt8(ascii: "x"))
    try output.write(body)
    try end(size: body.count)
    // What a reader without pax would see.
    let fallback = String(decoding: name.bytes.suffix(100).map { $0 < 0x80 && $0 != 0 ? $0 : 0x5F }, as: UTF8.self)
    let shown = min(size, TarHeader.maximumOctalSize)
    try writePlain(fallback, size: shown, modificationTime: modificationTime, type: file)
  }

  /// Fills the member's last block.
  package func end(size: Int) throws(SystemError) {
    let rest = size % TarHeader.size
    if rest > 0 { try output.write([UInt8](repeating: 0, count: TarHeader.size - rest)) }
  }

  /// Writes the two blocks that end an archive, and flushes.
  package func finish() throws(SystemError) {
    try output.write([UInt8](repeating: 0, count: 2 * TarHeader.size))
    try output.flush()
  }

  private func writePlain(_ name: String, size: Int, modificationTime: Int, type: UInt8) throws(SystemError) {
    guard
      let block = TarHeader.encode(
        name: Array(name.utf8), size: size, modificationTime: modificationTime, type: type)
    else { preconditionFailure("a name of at most 100 bytes and a size of eleven digits fit a header") }
    try output.write(block)
  }
}
