// Sizes and crops, against values worked out with torchvision's own code.

import Testing

@testable import imgdecode

@Suite struct GeometryTests {
  @Test(arguments: [
    (Size(width: 640, height: 427), Size(width: 383, height: 256)),
    (Size(width: 427, height: 640), Size(width: 256, height: 383)),
    (Size(width: 4000, height: 3000), Size(width: 341, height: 256)),
    (Size(width: 256, height: 256), Size(width: 256, height: 256)),
    (Size(width: 1, height: 1), Size(width: 256, height: 256)),
    (Size(width: 65535, height: 1), Size(width: 16_776_960, height: 256)),
  ])
  func shorterSide(size: Size, resized: Size) {
    #expect(Geometry.imageNet.resized(size) == resized)
  }

  // round((size − length) / 2) in Python, halves to even: 0.5 → 0, 1.5 → 2, 2.5 → 2, 3.5 → 4.
  @Test(arguments: zip(224...233, [0, 0, 1, 2, 2, 2, 3, 4, 4, 4]))
  func cropOffset(size: Int, offset: Int) {
    let crop = AxisCrop(centred: 224, in: size)
    #expect(crop.kept == offset..<offset + 224)
    #expect(crop.padding == 0)
  }

  @Test(arguments: [(224, 0), (223, 0), (222, 1), (221, 1), (1, 111)])
  func padding(size: Int, padding: Int) {
    let crop = AxisCrop(centred: 224, in: size)
    #expect(crop.kept == 0..<size)
    #expect(crop.padding == padding)
    #expect(crop.length == 224)
  }

  @Test func wholeImage() {
    let geometry = Geometry(resize: .exact(Size(width: 7, height: 5)), crop: nil)
    let plan = geometry.plan(for: Size(width: 100, height: 200))
    #expect(plan.output == Size(width: 7, height: 5))
    #expect(Geometry(resize: .none, crop: nil).plan(for: Size(width: 3, height: 2)).output.pixelCount == 6)
  }

  // 4000 × 3000 to 341 × 256 needs 682 × 512; 1024 / 2048 is the case of equality.
  @Test(arguments: [
    (Size(width: 4000, height: 3000), 2), (Size(width: 2048, height: 2048), 2), (Size(width: 2047, height: 2047), 2),
    (Size(width: 2040, height: 2040), 4), (Size(width: 640, height: 427), 8), (Size(width: 4096, height: 4096), 1),
  ])
  func fastScale(size: Size, eighths: Int) {
    #expect(FastScale.choose(for: size, target: Geometry.imageNet.resized(size)) == eighths)
  }
}
