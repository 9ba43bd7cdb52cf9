// Headers of .npy files, sound and broken.

import Testing

@testable import Streams

/// An .npy file with the given dictionary text and data.
private func file(_ dictionary: String, data: Int, version: UInt8 = 1) -> [UInt8] {
  let text = Array(dictionary.utf8) + [0x0A]
  let length =
    version == 1
    ? [UInt8(text.count & 255), UInt8(text.count >> 8)] : [UInt8(text.count & 255), UInt8(text.count >> 8), 0, 0]
  return NpyHeader.magic + [version, 0] + length + text + [UInt8](repeating: 7, count: data)
}

@Suite struct NpyTests {
  @Test(arguments: [[], [0], [7], [2, 3], [224, 224, 3], [8, 3, 224, 224], [1, 1, 1, 1, 1, 1, 1, 1]])
  func roundTrip(shape: [Int]) throws {
    for type in [NpyHeader.ElementType.uint8, .float32] {
      let header = NpyHeader(elementType: type, shape: shape)
      let (parsed, offset) = try NpyHeader.parse(header.encoded + [UInt8](repeating: 1, count: header.byteCount))
      #expect(parsed == header)
      #expect(offset % 64 == 0 && offset == header.encoded.count)
    }
  }

  @Test func versionTwoAndAnyKeyOrder() throws {
    let text = "{'shape': (2, 3,), \"fortran_order\":False,'descr':'<f4'}"
    let (header, _) = try NpyHeader.parse(file(text, data: 24, version: 2))
    #expect(header == NpyHeader(elementType: .float32, shape: [2, 3]))
  }

  static let malformed: [(String, Int, NpyHeader.Malformed)] = [
    ("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", 24, .fortranOrder),
    ("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }", 24, .bigEndian(">f4")),
    ("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", 48, .elementType("<f8")),
    ("{'descr': '|O', 'fortran_order': False, 'shape': (2, 3), }", 48, .elementType("|O")),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, -3), }", 24, .shape("(2, -3)")),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4294967296), }", 0,
      .shape("[4294967296, 4294967296, 4294967296]")
    ),
    (
      "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,), }", 0,
      .shape("(99999999999999999999,)")
    ),
    ("{'descr': '|u1', 'fortran_order': False, 'shape': (0, 99999999999), }", 0, .shape("[0, 99999999999]")),
    ("{'descr': '|u1', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", 1, .shape("(1,1,1,1,1,1,1,1,1)")),
    ("{'descr': '|u1', 'fortran_order': False}", 1, .dictionary),
    ("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'x': 1}", 1, .dictionary),
    ("{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", 1, .dictionary),
    ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", 4, .dictionary),
    ("{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} rest", 1, .dictionary),
    ("", 0, .dictionary),
    ("{", 0, .dictionary),
  ]

  @Test(arguments: malformed)
  func malformedHeaders(dictionary: String, data: Int, expected: NpyHeader.Malformed) {
    #expect(throws: expected) { try NpyHeader.parse(file(dictionary, data: data)) }
  }

  @Test func sizesMustMatch() {
    let text = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }"
    let whole = file(text, data: 6)
    #expect(throws: NpyHeader.Malformed.dataAfterEnd(bytes: 1)) { try NpyHeader.parse(whole + [0]) }
    #expect(throws: NpyHeader.Malformed.version(major: 3, minor: 0)) {
      try NpyHeader.parse(file(text, data: 6, version: 3))
    }
    for length in whole.indices {
      #expect(throws: NpyHeader.Malformed.self) { try NpyHeader.parse(Array(whole[..<length])) }
    }
  }

  @Test func everyBitFlipped() {
    let whole = file("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }", data: 6)
    for index in whole.indices {
      for bit in 0..<8 {
        var flipped = whole
        flipped[index] ^= 1 << UInt8(bit)
        do throws(NpyHeader.Malformed) { _ = try NpyHeader.parse(flipped) } catch { #expect(error.status == .data) }
      }
    }
  }
}
