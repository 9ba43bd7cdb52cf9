// The protobuf reader on well-formed and malformed bytes, and the check of external data paths.

import Network
import Testing

@testable import ONNX

struct WireReaderTests {
  private func read(_ bytes: [UInt8]) throws -> [Int] {
    try unsafe bytes.withUnsafeBytes { buffer in
      var reader = unsafe WireReader(buffer)
      var numbers: [Int] = []
      while let field = try reader.next() { numbers.append(field.number) }
      return numbers
    }
  }

  @Test(
    arguments: [
      ([], []), ([0x08, 0x96, 0x01], [1]), ([0x12, 0x02, 0x61, 0x62, 0x18, 0x00], [2, 3]),
      ([0x0D, 1, 2, 3, 4, 0x11, 1, 2, 3, 4, 5, 6, 7, 8], [1, 2]),
    ] as [([UInt8], [Int])])
  func wellFormed(bytes: [UInt8], numbers: [Int]) throws { #expect(try read(bytes) == numbers) }

  @Test(
    arguments: [
      [0x08], [0x08, 0x80], [0x12, 0x05, 0x61], [0x0D, 1, 2, 3], [0x0B], [0x0F], [0x00, 0x00],
      [0x08] + Array(repeating: 0xFF, count: 10), [0x12] + Array(repeating: 0xFF, count: 9) + [0x01],
      [0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
    ] as [[UInt8]])
  func malformed(bytes: [UInt8]) { #expect(throws: ModelError.self) { try read(bytes) } }

  @Test(arguments: [
    ("weights.bin", true), ("data/weights.bin", true), ("..weights", true), ("", false), ("/etc/passwd", false),
    ("../x", false), ("a/../x", false), ("a/..", false), ("../\u{301}x/y", false), ("a/\u{301}..", true),
  ])
  func externalPaths(path: String, inside: Bool) { #expect(isInside(path) == inside) }
}
