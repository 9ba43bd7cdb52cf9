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
  return head + number(42, 2) + number(directory, 4) + number(1, 2) + number(tag, 2) + number(type, 2)
    + number(count, 4) + value + [0, 0, 0, 0]
}

@Suite struct OrientationTests {
  @Test(arguments: 1...8)
  func bothByteOrders(value: UInt8) {
    #expect(EXIF.orientationTag(tiff(value: [value, 0, 0, 0])) == Int(value))
    #expect(EXIF.orientationTag(tiff(littleEndian: false, value: [0, value, 0, 0])) == Int(value))
    #expect(EXIF.orientationTag(tiff(littleEndian: false, type: 4, value: [0, 0, 0, value])) == Int(value))
    #expect(EXIF.orientationTag(tiff(littleEndian: false, type: 1, value: [value, 0, 0, 0])) == Int(value))
  }

  @Test(arguments: [
    [], Array("Exif".utf8), tiff(type: 2, value: [6, 0, 0, 0]), tiff(count: 2, value: [6, 0, 6, 0]),
    tiff(tag: 0x0100, value: [6, 0, 0, 0]), tiff(value: [6, 0, 0, 0], directory: 0xFFFF_FFFF),
    tiff(value: [6, 0, 0, 0], directory: 30),
  ])
  func silentWhereBroken(exif: [UInt8]) {
    #expect(EXIF.orientationTag(exif) == nil)
    #expect(EXIF.orientation(exif: exif, xmp: []) == .upright)
  }

  @Test func cutAnywhere() {
    let whole = tiff(value: [6, 0, 0, 0])
    for count in 0..<whole.count - 4 { #expect(EXIF.orientationTag(Array(whole.prefix(count))) == nil) }
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
