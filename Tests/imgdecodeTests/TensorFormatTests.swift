// Element types, axis orders, normalisation, padding.

import Streams
import Testing

@testable import imgdecode

@Suite struct TensorFormatTests {
  private let pixels = PixelBuffer([[SIMD3(1, 2, 3), SIMD3(4, 5, 6)]])
  private let plan = Geometry(resize: .none, crop: nil).plan(for: Size(width: 2, height: 1))

  @Test func bytes() {
    #expect(TensorFormat().data(pixels, plan) == [1, 2, 3, 4, 5, 6])
    #expect(TensorFormat(layout: .chw).data(pixels, plan) == [1, 4, 2, 5, 3, 6])
    #expect(TensorFormat(layout: .chw).header(plan.output) == NpyHeader(elementType: .uint8, shape: [3, 1, 2]))
    #expect(TensorFormat(dataType: .float32).header(plan.output) == NpyHeader(elementType: .float32, shape: [1, 2, 3]))
  }

  @Test func normalized() {
    var format = TensorFormat(dataType: .float32, layout: .chw)
    format.normalization = .init(scale: 0.5, mean: [1, 2, 3], standardDeviation: [2, 4, 8])
    let data = format.data(pixels, plan)
    let floats = unsafe data.withUnsafeBytes { unsafe Array($0.bindMemory(to: Float.self)) }
    #expect(floats == [-0.25, 0.5, -0.25, 0.125, -0.1875, 0])
  }

  @Test func paddingIsBlackBeforeNormalization() {
    let padded = Geometry(resize: .none, crop: 4).plan(for: Size(width: 2, height: 1))
    let expected: [UInt8] = [0, 0, 0, 0] + [0, 1, 4, 0] + [0, 0, 0, 0] + [0, 0, 0, 0]
    #expect(Array(TensorFormat(layout: .chw).data(pixels, padded).prefix(16)) == expected)
    var format = TensorFormat(dataType: .float32)
    format.normalization = .init(scale: 1, mean: [1, 1, 1], standardDeviation: [2, 2, 2])
    let data = format.data(pixels, padded)
    #expect(unsafe data.withUnsafeBytes { unsafe $0.load(as: Float.self) } == -0.5)
  }
}
