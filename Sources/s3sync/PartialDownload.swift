// A large download in progress: its temporary file, and the record by which a later run resumes it.

import AWS
import Glibc
import HTTP
import POSIX
import S3
import Streams

@Loop
final class PartialDownload {
  let file: TemporaryFile
  let plan: MultipartPlan
  /// Nil where the download cannot be resumed.
  private let record: Descriptor?
  /// CRC-32 of each range that has arrived.
  private(set) var checksums: [UInt32?]

  /// Begins a download. Without an identity, or where the record cannot be written, it cannot be resumed.
  init(
    _ file: TemporaryFile, _ identity: DownloadRecord.Identity?, size: Int64, rangeSize: Int64
  ) {
    self.file = file
    plan = MultipartPlan(size: size, partSize: rangeSize)
    checksums = Array(repeating: nil, count: plan.partCount)
    var status = stat()
    guard let identity, unsafe fstat(file.descriptor, &status) == 0 else {
      record = nil
      return
    }
    file.hasRecord = true
    record = try? Descriptor(
      opening: file.name.record, in: file.folder.descriptor, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW,
      mode: 0o600)
    append(DownloadRecord(identity, rangeSize: plan.partSize, inode: UInt64(status.st_ino)).header)
  }

  /// Continues a download of an earlier run.
  init(resuming file: TemporaryFile, _ earlier: DownloadRecord) {
    self.file = file
    plan = MultipartPlan(size: earlier.identity.size, exactPartSize: earlier.rangeSize)
    checksums = (0..<plan.partCount).map { earlier.checksums[$0] }
    record = try? Descriptor(
      opening: file.name.record, in: file.folder.descriptor, O_WRONLY | O_APPEND | O_NOFOLLOW)
  }

  /// Whether a range has arrived.
  func has(_ index: Int) -> Bool { checksums[index] != nil }

  /// A range has arrived and is in the file.
  func finish(_ index: Int, crc32: UInt32) {
    checksums[index] = crc32
    append(DownloadRecord.line(range: index, crc32: crc32))
  }

  /// Leaves file and record to a later run, where there is anything to resume.
  func keep() {
    if record.rawValue >= 0, checksums.contains(where: { $0 != nil }) { file.keep() }
  }

  /// The later run's part: reads back what has arrived, and forgets ranges that are not what the record says.
  func verifyResumed() async {
    let descriptor = file.descriptor
    for index in checksums.indices {
      guard let expected = checksums[index] else { continue }
      let range = plan.range(index)
      let found = await Loop.blocking { try? checksum(ofFile: descriptor, range) }
      if found != expected { checksums[index] = nil }
    }
  }

  /// The CRC-32 of the whole object from those of its ranges; nil while some are missing.
  var crc32OfAll: UInt32? {
    var crc: UInt32 = 0
    for (index, part) in checksums.enumerated() {
      guard let part else { return nil }
      let range = plan.range(index)
      crc = crc32.combine(crc, part, length: range.upperBound - range.lowerBound)
    }
    return crc
  }

  /// Best effort: without its record a download starts from the beginning.
  private func append(_ line: [UInt8]) {
    try? unsafe writeAll(line.span.bytes, to: record.rawValue)
  }
}

private func checksum(ofFile descriptor: CInt, _ range: Range<Int64>) throws(HTTPError) -> UInt32 {
  var crc: UInt32 = 0
  try readFile(descriptor, offset: range.lowerBound, length: range.upperBound - range.lowerBound) {
    crc = crc32.update(crc, $0)
  }
  return crc
}
