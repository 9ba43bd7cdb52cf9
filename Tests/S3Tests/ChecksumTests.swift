// Digests and the arithmetic of parts.

import ASCII
import HTTP
import HTTPFields
import Testing

@testable import S3

private let check = Array("123456789".utf8)

private func crc(_ bytes: [UInt8], after previous: UInt32 = 0) -> UInt32 {
  unsafe crc32.update(previous, bytes.span.bytes)
}

@Test("the check values of the CRC catalogue") func catalogue() {
  let bytes = unsafe check.span.bytes
  let castagnoli = unsafe crc32c.update(0, bytes)
  let nvme = unsafe crc64nvme.update(0, bytes)
  #expect(crc(check) == 0xCBF4_3926)
  #expect(castagnoli == 0xE306_9283)
  #expect(nvme == 0xAE8B_1486_0A79_9888)
}

/// One bit at a time: the plain twin.
private func plainCRC(_ bytes: [UInt8], polynomial: UInt32 = 0xEDB8_8320) -> UInt32 {
  var register: UInt32 = 0xFFFF_FFFF
  for byte in bytes {
    register ^= UInt32(byte)
    for _ in 0..<8 { register = register & 1 == 1 ? (register >> 1) ^ polynomial : register >> 1 }
  }
  return ~register
}

@Test("around the width of a step, and cut anywhere") func widths() {
  var random = SystemRandomNumberGenerator()
  let bytes = (0..<400).map { _ in UInt8.random(in: 0...255, using: &random) }
  for length in 0...400 {
    let piece = Array(bytes[..<length])
    #expect(crc(piece) == plainCRC(piece))
    let cut = length / 3
    let (left, right) = (Array(piece[..<cut]), Array(piece[cut...]))
    #expect(crc(right, after: crc(left)) == plainCRC(piece))
    #expect(crc32.combine(crc(left), crc(right), length: Int64(right.count)) == plainCRC(piece))
    let castagnoli = unsafe crc32c.update(crc32c.checksum(left.span.bytes), right.span.bytes)
    #expect(castagnoli == plainCRC(piece, polynomial: 0x82F6_3B78))
  }
}

@Test(
  "base64", arguments: [([UInt8]([]), ""), ([0x66], "Zg=="), ([0x66, 0x6F], "Zm8="), ([0x66, 0x6F, 0x6F], "Zm9v")])
func base64Texts(bytes: [UInt8], text: String) {
  #expect(base64(bytes) == text)
}

@Test(
  "which checksum an answer has",
  arguments: [
    ([("etag", "\"d41d8cd98f00b204e9800998ecf8427e\"")], Checksum.md5("d41d8cd98f00b204e9800998ecf8427e")),
    ([("ETag", "\"d41d8cd98f00b204e9800998ecf8427e-2\"")], nil),
    ([("etag", "\"d41d8cd98f00b204e9800998ecf8427e\""), ("x-amz-server-side-encryption", "aws:kms")], nil),
    ([("etag", "\"x\""), ("x-amz-checksum-crc32", "AAAAAA==")], .crc32("AAAAAA==")),
    ([("x-amz-checksum-crc32", "AAAAAA==-3")], nil),
    ([("x-amz-checksum-crc32", "AAAAAA=="), ("x-amz-checksum-type", "COMPOSITE")], nil),
  ])
func checksumOfAnswer(fields: [(String, String)], checksum: Checksum?) {
  #expect(Checksum(HeaderFields(fields.map { (name: $0.0, value: $0.1) })) == checksum)
}

@Test(
  "bytes that keep to a checksum and bytes that do not",
  arguments: [
    Checksum.crc32("y/Q5Jg=="), .crc32c("4waSgw=="), .crc64nvme("rosUhgp5mIg="),
    .md5("25f9e794323b453885f5181f1b624d0b"),
    .sha1("98O8HYCOBHMq32eZZczDTKeuNEE="), .sha256("FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
  ])
func verifies(checksum: Checksum) {
  var right = ChecksumVerifier(checksum)
  unsafe right.update(Array("12345".utf8).span.bytes)
  unsafe right.update(Array("6789".utf8).span.bytes)
  #expect(right.matches)
  var wrong = ChecksumVerifier(checksum)
  unsafe wrong.update(Array("123456788".utf8).span.bytes)
  #expect(!wrong.matches)
}

private let mebibyte: Int64 = 1 << 20

@Test(
  "parts",
  arguments: [
    (0, 8, 1, 8), (1, 8, 1, 8), (8 * mebibyte, 8, 1, 8), (8 * mebibyte + 1, 8, 2, 8), (80_000 * mebibyte, 8, 10_000, 8),
    // One byte more than 10,000 parts of 8 MiB: the parts grow.
    (80_000 * mebibyte + 1, 8, 8_889, 9), (5 << 40, 8, 9_987, 525), (20 * mebibyte, 1, 4, 5),
  ])
func parts(size: Int64, wanted: Int64, count: Int, partSize: Int64) {
  let plan = MultipartPlan(size: size, partSize: wanted * mebibyte)
  #expect(plan.partCount == count)
  #expect(plan.partSize == partSize * mebibyte)
  #expect(plan.range(0).lowerBound == 0)
  #expect(plan.range(count - 1).upperBound == size)
  #expect(plan.partCount <= 10_000)
}

@Test("ten thousand growing parts hold 5 TiB, none over 5 GiB") func streamParts() {
  let total = (0..<10_000).reduce(Int64(0)) { $0 + MultipartPlan.streamPartSize($1) }
  #expect(total >= 5 << 40)
  #expect(MultipartPlan.streamPartSize(9_999) <= MultipartPlan.maximumPartSize)
  #expect(MultipartPlan.streamPartSize(0) == 8 * mebibyte)
}

@Test func entityTags() {
  #expect(partCount(ofEntityTag: "d41d8cd98f00b204e9800998ecf8427e-12") == 12)
  for other in ["d41d8cd98f00b204e9800998ecf8427e", "x-1", "d41d8cd98f00b204e9800998ecf8427e-0", "-", ""] {
    #expect(partCount(ofEntityTag: other) == nil)
  }
  #expect(md5(ofEntityTag: "D41D8CD98F00B204E9800998ECF8427E") == "d41d8cd98f00b204e9800998ecf8427e")
  #expect(likelyPartSizes(size: 20 * mebibyte, count: 3, own: 16 * mebibyte) == [8 * mebibyte, 7 * mebibyte])
}
