// The errors of one image, with codes and messages.

import POSIX
import Streams

/// Why one item gives no tensor. `code` is for programs and stays; `reason` is for people.
enum DecodeError: ReportableError, Equatable {
  case empty
  case notJPEG(description: String)
  case noFrame
  case noScan
  case zeroSide(Size)
  /// The input ended inside the header or the compressed data.
  case truncated
  /// The compressed data contradicts itself; the decoder's own words.
  case corrupt(String)
  /// A JPEG of a kind that is not decoded here: "12-bit JPEG".
  case unsupported(String)
  case tooManyPixels(Size, limit: Int)
  case outputTooLarge(Size, limit: Int)
  /// A side is longer than the decoder can handle.
  case sideTooLong(Size, limit: Int)
  case tooManyBytes(limit: Int)
  /// A number of scans that no encoder writes, or over what their product with the pixels may be.
  case tooManyScans(Int, limit: Int)
  case tooMuchWork(scans: Int, Size, limit: Int)
  /// Bytes that decoding needs at once; nil where only the decoder detected it.
  case tooMuchMemory(bytes: Int?, limit: Int)
  /// A tar member or path that is not a regular file: "a symbolic link".
  case notAFile(description: String)
  case unreadable(SystemError)
  /// Has the name of an error record without being one.
  case reservedName

  /// Not a JPEG; described by its first bytes, up to 512 of them.
  static func notJPEG(first bytes: ArraySlice<UInt8>) -> DecodeError {
    let description = DataDescription.of(Array(bytes))
    let article = ["a ", "an "].first { description.hasPrefix($0) } ?? ""
    return .notJPEG(description: String(description.dropFirst(article.count)))
  }

  /// The stable word of the error record.
  var code: String {
    switch self {
    case .empty: "empty"
    case .notJPEG: "not-jpeg"
    case .noFrame, .noScan, .zeroSide, .corrupt: "corrupt"
    case .truncated: "truncated"
    case .unsupported: "unsupported"
    case .tooManyPixels, .outputTooLarge, .sideTooLong, .tooManyBytes, .tooManyScans, .tooMuchWork, .tooMuchMemory:
      "too-large"
    case .notAFile: "not-a-file"
    case .unreadable: "unreadable"
    case .reservedName: "reserved-name"
    }
  }

  var status: ExitStatus {
    if case .unreadable(let error) = self { return error.status }
    return .data
  }

  var reason: String {
    switch self {
    case .empty: "empty input, not a JPEG"
    case .notJPEG(let description): "\(description), not a JPEG"
    case .noFrame: "corrupt JPEG: no frame header (SOF)"
    case .noScan: "corrupt JPEG: no scan (SOS)"
    case .zeroSide(let size): "corrupt JPEG: its header states \(size.width) × \(size.height) pixels"
    case .truncated: "truncated JPEG"
    case .corrupt(let fault): "corrupt JPEG: \(fault)"
    case .unsupported(let kind): "\(kind), which is not supported"
    case .tooManyPixels(let size, let limit):
      "\(size.width) × \(size.height) pixels, over the limit of \(limit) (--max-pixels)"
    case .outputTooLarge(let size, let limit):
      "it would become \(size.width) × \(size.height) pixels, over the limit of \(limit) (--max-pixels)"
    case .tooManyBytes(let limit): "more than \(limit) bytes (--max-bytes)"
    case .sideTooLong(let size, let limit):
      "\(size.width) × \(size.height) pixels, over the decoder's limit of \(limit) a side"
    case .tooManyScans(let count, let limit): "\(count) scans, over the limit of \(limit)"
    case .tooMuchWork(let scans, let size, let limit):
      "\(scans) scans of \(size.width) × \(size.height) pixels, over the limit of \(limit) pixels (--max-work)"
    case .tooMuchMemory(let bytes, let limit):
      "decoding needs \(bytes.map { "\($0) bytes" } ?? "more memory"), over the limit of \(limit) (--max-memory)"
    case .notAFile(let description): "\(description), not a JPEG file"
    case .unreadable(let error): Errno(error.code).description
    case .reservedName: "its name ends in \(ErrorRecord.suffix), but it is not an error record"
    }
  }
}
