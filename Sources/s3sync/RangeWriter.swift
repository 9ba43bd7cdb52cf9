// Writes a range of a download into a file: gathered into blocks, with writeback requested early.

import CLinux
import Glibc
import S3
import Streams

/// Takes a range's bytes in order, in pieces of any size, and writes them from `offset` on. The
/// file stays the caller's.
///
/// The network hands over at most 16 KiB at a time, and fewer, larger writes cost less: ext4 needs two thirds of the
/// time for blocks of 64 KiB. Larger blocks need contiguous memory, which a guest may have to request from its host
/// (`Tests/bench/RESULTS-s3.md`).
final class RangeWriter {
  private static let blockSize: Int64 = 64 << 10
  /// Writeback is requested after so many bytes: the disk works while the network delivers the rest, and little is left
  /// for the final synchronisation.
  private static let writebackInterval: Int64 = 8 << 20

  private let descriptor: CInt
  private let name: String
  /// Where the next block goes.
  private var offset: Int64
  /// Writeback has been requested up to here.
  private var writebackOffset: Int64
  private var block: [UInt8] = []
  /// Of the bytes written so far.
  private(set) var crc32: UInt32 = 0
  private(set) var failure: SystemError?

  /// - Parameter name: for an error's sentence.
  init(_ descriptor: CInt, offset: Int64, name: String) {
    self.descriptor = descriptor
    self.offset = offset
    self.name = name
    writebackOffset = offset
    block.reserveCapacity(Int(Self.blockSize))
  }

  /// False where a write has failed; `failure` has the reason.
  func take(_ bytes: RawSpan) -> Bool {
    var rest = bytes
    while rest.byteCount > 0 {
      // Blocks end where the file's do, so that the file system has whole ones.
      let end = (offset / Self.blockSize + 1) * Self.blockSize
      let count = min(rest.byteCount, Int(end - offset) - block.count)
      unsafe rest.extracting(first: count).withUnsafeBytes { unsafe block.append(contentsOf: $0) }
      rest = rest.extracting(droppingFirst: count)
      if offset + Int64(block.count) == end, !flush() { return false }
    }
    return true
  }

  /// Writes what is left of the last block; false as `take`.
  func finish() -> Bool { failure == nil && (block.isEmpty || flush()) }

  private func flush() -> Bool {
    do throws(SystemError) {
      unsafe try write(block.span.bytes, to: descriptor, at: offset, name: name)
    } catch {
      failure = error
      return false
    }
    // The block is in the processor's cache: reading it once more costs little.
    unsafe crc32 = S3.crc32.update(crc32, block.span.bytes)
    offset += Int64(block.count)
    block.removeAll(keepingCapacity: true)
    if offset - writebackOffset >= Self.writebackInterval {
      // A hint: what the disk cannot take shows when the file is closed or synchronised.
      _ = sync_file_range(
        descriptor, off_t(writebackOffset), off_t(offset - writebackOffset), UInt32(SYNC_FILE_RANGE_WRITE))
      writebackOffset = offset
    }
    return true
  }
}
