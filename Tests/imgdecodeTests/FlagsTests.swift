// What the flags mean and which of them contradict each other.

import Testing

@testable import imgdecode

@Suite struct FlagsTests {
  @Test(arguments: [
    ([], Geometry.imageNet),
    (["--resize", "512"], Geometry(resize: .shorterSide(512), crop: 224)),
    (["--resize", "512", "--no-crop"], Geometry(resize: .shorterSide(512), crop: nil)),
    (["--size", "640x480"], Geometry(resize: .exact(Size(width: 640, height: 480)), crop: nil)),
    (["--size", "64x48", "--crop", "32"], Geometry(resize: .exact(Size(width: 64, height: 48)), crop: 32)),
    (["--no-resize"], Geometry(resize: .none, crop: nil)),
    (["--no-resize", "--crop", "9"], Geometry(resize: .none, crop: 9)),
  ])
  func geometry(arguments: [String], expected: Geometry) throws {
    let flags = try GeometryFlags.parse(arguments)
    #expect(Geometry(resize: flags.chosenResize, crop: flags.chosenCrop) == expected)
  }

  @Test(arguments: [
    "--resize 0", "--resize 65536", "--resize x", "--crop -1", "--size 1", "--size 0x1", "--size 1x1x1", "--size 1x",
    "--no-resize --resize 1", "--size 1x1 --no-resize", "--crop 1 --no-crop", "--no-resize --filter box",
    "--fast --no-resize", "--mean 1", "--scale 1/0 --dtype float32", "--std 0 --dtype float32", "--filter lanczos",
    "--mean 1,2 --dtype float32", "--mean nan --dtype float32", "--threads 0", "--threads 257", "--max-pixels 0",
    "--max-bytes 0", "-0", "a.jpg --files-from list", "--unknown",
  ])
  func contradictions(line: String) {
    #expect(throws: (any Error).self) { _ = try Imgdecode.parse(line.split(separator: " ").map(String.init)) }
  }

  @Test func normalization() throws {
    let line = ["--dtype", "float32", "--scale", "1/255", "--mean", "0.485,0.456,0.406", "--std", "0.5"]
    let format = try TensorFlags.parse(line).format()
    #expect(format.normalization.scale == 1.0 / 255)
    #expect(format.normalization.mean == [0.485, 0.456, 0.406])
    #expect(format.normalization.standardDeviation == [0.5, 0.5, 0.5])
  }

  /// Paths are taken out of the command line before it is parsed, by this list.
  @Test func everyFlagWithAValueIsListed() {
    let lines = Imgdecode.helpMessage(columns: 1000).split(separator: "\n")
    let valued = lines.compactMap { line -> String? in
      let words = line.split(separator: " ")
      guard words.count > 1, words[0].hasPrefix("--"), words[1].hasPrefix("<") else { return nil }
      return String(words[0])
    }
    #expect(Set(valued) == Imgdecode.valuedFlags)
  }
}
