// Our resize and crop, fed the very pixels Pillow decoded, against Pillow's bytes. The pixels and the answers come from
// Tests/peers/test_imgdecode_pixels.py, which runs this suite.

import Glibc
import Streams
import Testing

@testable import imgdecode

/// The folder of cases: `CASE.pixels.npy` (height, width, 3) and `CASE.FILTER.RESIZE.CROP.npy`, Pillow's answer, RESIZE
/// and CROP as the flags take them or `-`.
private let folder = unsafe getenv("PILLOW_PIXELS").map { unsafe String(cString: $0) }

@Suite(.enabled(if: folder != nil, "PILLOW_PIXELS names no folder of cases"))
struct PillowPixelsTests {
  @Test func everyCase() throws {
    let folder = try #require(folder)
    let names = try directory(folder)
    let answers = names.filter { $0.hasSuffix(".npy") && !$0.hasSuffix(".pixels.npy") }
    #expect(!answers.isEmpty)
    for answer in answers.sorted() {
      let parts = answer.split(separator: ".").map(String.init)
      let filter = try #require(ResampleFilter(rawValue: parts[1]))
      var flags = parts[2].contains("x") ? ["--size", parts[2]] : ["--resize", parts[2]]
      flags += parts[3] == "-" ? ["--no-crop"] : ["--crop", parts[3]]
      let geometry = try GeometryFlags.parse(flags)
      let stored = try pixels(folder + "/\(parts[0]).pixels.npy")
      let plan = Geometry(resize: geometry.chosenResize, crop: geometry.chosenCrop).plan(for: stored.size)
      let result = PixelBuffer()
      try Resizer(filter: filter).resize(stored, orientation: .upright, plan: plan, into: result)
      let (header, data) = try npy(folder + "/" + answer)
      #expect(TensorFormat().header(plan.output) == header, "\(answer)")
      #expect(TensorFormat().data(result, plan) == data, "\(answer)")
    }
  }

  private func pixels(_ path: String) throws -> PixelBuffer {
    let (header, data) = try npy(path)
    let width = header.shape[1]
    return PixelBuffer(
      (0..<header.shape[0]).map { y in
        (0..<width).map { x in
          let first = (y * width + x) * 3
          return SIMD3(data[first], data[first + 1], data[first + 2])
        }
      })
  }

  private func npy(_ path: String) throws -> (NpyHeader, [UInt8]) {
    let file = try MappedFile(path: path)
    let bytes = unsafe Array(file.bytes)
    let (header, offset) = try NpyHeader.parse(bytes)
    return (header, Array(bytes[offset...]))
  }

  private func directory(_ path: String) throws -> [String] {
    guard let handle = unsafe opendir(path) else { throw SystemError(operation: "open", object: path) }
    defer { unsafe closedir(handle) }
    var names: [String] = []
    while let entry = unsafe readdir(handle) {
      unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
        unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe names.append(String(cString: $0)) }
      }
    }
    return names
  }
}
