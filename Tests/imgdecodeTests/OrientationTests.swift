// EXIF and XMP, sound and broken.

import Testing

@testable import imgdecode

/// An EXIF block of one entry.
private func tiff(
  littleEndian: Bool = true, tag: Int = 0x0112, type: Int = 3, count: Int = 1, value: [UInt8], directory: Int = 8
) -> [UInt8] {
  func number(_ value: Int, _ size: Int) -> [UInt8] {
    let bytes = (0..<size).map { UInt8(value >> (8 * $0) & 255) }
    return littleEndian ? bytes : bytes.reversed()
  }
  let head = littleEndian ? Array("II".utf8) : Array("MM".utf8)
  let fields = [
    head, number(42, 2), number(directory, 4), number(1, 2), number(tag, 2), number(type, 2), number(count, 4), value,
    [0, 0, 0, 0],
  ]
  return Array(fields.joined())
}

@Suite struct OrientationTests {
  @Test(arguments: 1...8)
  func bothByteOrders(value: UInt8) {
    let expected = EXIF.Finding.present(Int(value))
    #expect(EXIF.orientationTag(tiff(value: [value, 0, 0, 0])) == expected)
    #expect(EXIF.orientationTag(tiff(littleEndian: false, value: [0, value, 0, 0])) == expected)
    #expect(EXIF.orientationTag(tiff(littleEndian: false, type: 4, value: [0, 0, 0, value])) == expected)
    #expect(EXIF.orientationTag(tiff(type: 8, count: 2, value: [value, 0, 9, 0])) == expected)
    #expect(EXIF.orientationTag(Array("Exif\0\0".utf8) + tiff(value: [value, 0, 0, 0])) == expected)
    // Pillow does not take a byte as a number.
    #expect(EXIF.orientationTag(tiff(littleEndian: false, type: 1, value: [value, 0, 0, 0])) == .present(nil))
  }

  @Test(
    arguments: [
      ([], .absent), (Array("Exif".utf8), .present(nil)), (tiff(type: 2, value: [6, 0, 0, 0]), .present(nil)),
      (tiff(tag: 0x0100, value: [6, 0, 0, 0]), .absent), (tiff(value: [6, 0, 0, 0], directory: 0xFFFF_FFFF), .absent),
      (tiff(value: [6, 0, 0, 0], directory: 30), .absent), (tiff(count: 0, value: [6, 0, 0, 0]), .absent),
      (tiff(type: 99, value: [6, 0, 0, 0]), .absent), (tiff(type: 10, value: [0xFF, 0xFF, 0xFF, 0xFF]), .absent),
    ] as [([UInt8], EXIF.Finding)])
  func silentWhereBroken(exif: [UInt8], finding: EXIF.Finding) {
    #expect(EXIF.orientationTag(exif) == finding)
    #expect(EXIF.orientation(exif: exif, xmp: []) == .upright)
  }

  @Test(
    arguments: [
      (.short, [6, 0], 6), (.signedByte, [250], -6), (.signedShort, [250, 255], -6), (.signedLong, [6, 0, 0, 0], 6),
      (.rational, [12, 0, 0, 0, 2, 0, 0, 0], 6), (.rational, [13, 0, 0, 0, 2, 0, 0, 0], nil),
      (.rational, [6, 0, 0, 0, 0, 0, 0, 0], nil), (.float, [0, 0, 0xC0, 0x40], 6), (.float, [0, 0, 0xC0, 0x7F], nil),
      (.double, [0, 0, 0, 0, 0, 0, 0x18, 0x40], 6), (.long8, [UInt8](repeating: 255, count: 8), nil),
      (.signedRational, [250, 255, 255, 255, 255, 255, 255, 255], 6), (.ascii, [0x36], nil),
    ] as [(TIFFType, [UInt8], Int?)])
  func numbers(type: TIFFType, bytes: [UInt8], value: Int?) throws {
    let file = try #require(TIFFBytes(Array("II*\0".utf8) + [0, 0, 0, 0] + bytes))
    #expect(bytes.count == type.size && file.wholeNumber(type, at: 8) == value)
  }

  @Test func cutAnywhere() {
    let whole = tiff(value: [6, 0, 0, 0])
    for count in 0..<whole.count - 4 {
      let finding = EXIF.orientationTag(Array(whole.prefix(count)))
      #expect(finding == (1..<8 ~= count ? .present(nil) : .absent))
    }
  }

  @Test(arguments: [
    (#"<rdf:Description tiff:Orientation="6"/>"#, 6), ("<tiff:Orientation>3</tiff:Orientation>", 3),
    (#"tiff:Orientation="#, nil), (#"tiff:Orientation="x""#, nil), (#"tiff:Or tiff:Orientation="8""#, 8), ("", nil),
  ])
  func xmp(packet: String, value: Int?) {
    #expect(EXIF.orientationProperty(Array(packet.utf8)) == value)
  }

  @Test func exifGoesBeforeXMP() {
    let xmp = Array(#"tiff:Orientation="6""#.utf8)
    #expect(EXIF.orientation(exif: tiff(value: [3, 0, 0, 0]), xmp: xmp) == Orientation(exifValue: 3))
    #expect(EXIF.orientation(exif: [], xmp: xmp) == Orientation(exifValue: 6))
    #expect(Orientation(exifValue: 0) == nil && Orientation(exifValue: 9) == nil)
  }
}
