// What a file says it is.

import Testing

@testable import imgdecode

/// A marker segment.
private func segment(_ marker: UInt8, _ body: [UInt8]) -> [UInt8] {
  [0xFF, marker, UInt8((body.count + 2) >> 8), UInt8((body.count + 2) & 255)] + body
}

private let start: [UInt8] = [0xFF, 0xD8]

/// A frame header of 40 × 30 pixels.
private func frame(_ marker: UInt8 = 0xC0, bits: UInt8 = 8, components: UInt8 = 3) -> [UInt8] {
  segment(marker, [bits, 0, 30, 0, 40, components] + (0..<components).flatMap { [$0 + 1, 0x11, 0] })
}

private let scan = segment(0xDA, [1, 1, 0, 0, 63, 0])

/// A broken header.
struct Fault: Sendable {
  let bytes: [UInt8]
  let error: DecodeError

  init(_ bytes: [UInt8], _ error: DecodeError) {
    self.bytes = bytes
    self.error = error
  }
}

@Suite struct JPEGHeaderTests {
  @Test(arguments: [UInt8(1), 3, 4])
  func sound(components: UInt8) throws {
    let header = try JPEGHeader(start + frame(components: components) + scan)
    #expect(header.size == Size(width: 40, height: 30))
    #expect(header.componentCount == Int(components))
    #expect(header.orientation == .upright)
  }

  @Test func junkAndFillBytesArePassedOver() throws {
    let header = try JPEGHeader(start + [1, 2, 0xFF, 0, 3, 0xFF, 0xFF] + frame() + [9] + scan)
    #expect(header.componentCount == 3)
  }

  /// Bytes and what is wrong with them.
  static let faults: [Fault] = [
    Fault([], DecodeError.empty),
    Fault([0xFF], .notJPEG(description: "unknown data (ff)")),
    Fault(start, .truncated),
    Fault(start + scan, .noFrame),
    Fault(start + [0xFF, 0xD9], .noFrame),
    Fault(start + frame() + [0xFF, 0xD9], .noScan),
    Fault(start + frame(), .truncated),
    Fault(start + frame().dropLast(), .truncated),
    Fault(start + [0xFF, 0xE0, 0], .truncated),
    Fault(start + [0xFF, 0xE0, 0, 1], .corrupt("a segment of 1 bytes")),
    Fault(start + frame(bits: 12) + scan, .unsupported("12-bit JPEG")),
    Fault(start + frame(components: 2) + scan, .unsupported("JPEG of 2 components")),
    Fault(start + frame(0xC3) + scan, .unsupported("lossless JPEG")),
    Fault(start + frame(0xC5) + scan, .unsupported("hierarchical JPEG")),
    Fault(start + frame() + frame() + scan, .corrupt("two frame headers (SOF)")),
    Fault(start + segment(0xC0, [8, 0, 0, 0, 9, 1, 1, 0x11, 0]) + scan, .zeroSide(Size(width: 9, height: 0))),
    Fault(start + segment(0xC0, [8, 0, 1, 0, 9, 3, 1, 0x11, 0]) + scan, .corrupt("a frame header of 9 bytes")),
    Fault([0x89, 0x50, 0x4E, 0x47], .notJPEG(description: "PNG image")),
    Fault(Array("RIFF....WEBP".utf8), .notJPEG(description: "WebP image")),
    Fault(Array("GIF89a".utf8), .notJPEG(description: "GIF image")),
    Fault(Array("hello".utf8), .notJPEG(description: "text")),
  ]

  @Test(arguments: faults)
  func refused(fault: Fault) {
    #expect(throws: fault.error) { _ = try JPEGHeader(fault.bytes) }
  }

  @Test func exifSegmentsAreJoined() throws {
    let tiff: [UInt8] = Array("MM\0".utf8) + [42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0]
    let mark = Array("Exif\0\0".utf8)
    for cut in 0...tiff.count {
      let parts = segment(0xE1, mark + tiff.prefix(cut)) + segment(0xE1, mark + tiff.dropFirst(cut))
      #expect(try JPEGHeader(start + parts + frame() + scan).orientation == Orientation(exifValue: 6))
    }
  }

  /// Any damage gives a header or a typed error.
  @Test func damage() throws {
    let whole = start + segment(0xE1, Array("Exif\0\0MM\0*".utf8) + [0, 0, 0, 8, 0, 1]) + frame() + scan
    for count in 0...whole.count { _ = try? JPEGHeader(Array(whole.prefix(count))) }
    for bit in 0..<whole.count * 8 {
      var flipped = whole
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      do { _ = try JPEGHeader(flipped) } catch { #expect(!error.reason.isEmpty && !error.code.isEmpty) }
    }
  }

  @Test func scans() {
    let data: [UInt8] = [1, 2, 0xFF, 0, 3, 0xFF, 0xD0, 4]
    func scans(_ bytes: [UInt8]) -> [Int] {
      let scans = JPEGScans(bytes)
      return [scans.count, scans.wholeBytes]
    }
    let two = start + frame() + scan + data + scan + data
    let cut = two + [0xFF, 0xFF]
    let ended = start + frame() + scan + data + [0xFF, 0xD9]
    #expect(scans(ended + scan) == [1, ended.count + scan.count])
    #expect(scans(two + [0xFF, 0xFF, 0xD9, 7]) == [2, two.count + 4])
    #expect(scans(two) == [2, two.count])
    #expect(scans(two + [0xFF]) == [2, two.count + 1])
    for tail in [[0xC4], [0xC4, 0], [0xC4, 0, 5, 1]] as [[UInt8]] {
      #expect(scans(cut + tail) == [2, cut.count - 1])
    }
  }

  @Test func whetherThereIsMoreThanOneScan() throws {
    let interleaved = segment(0xDA, [3, 1, 0, 2, 0, 3, 0, 0, 63, 0])
    #expect(try !JPEGHeader(start + frame() + interleaved).hasMultipleScans)
    #expect(try JPEGHeader(start + frame(0xC2) + interleaved).hasMultipleScans)
    #expect(try JPEGHeader(start + frame() + scan).hasMultipleScans)
    #expect(try !JPEGHeader(start + frame(components: 1) + scan).hasMultipleScans)
  }
}
