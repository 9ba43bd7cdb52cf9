// The resize against a plain twin that is written as Pillow's C is, for every filter and orientation, at sizes around
// the vector width.

import Testing

@testable import imgdecode

/// An image as rows of pixels.
typealias Rows = [[SIMD3<UInt8>]]

/// Pseudo-random pixels, extremes among them so that filters overshoot.
private func noise(_ size: Size) -> Rows {
  var state: UInt32 = 12345
  func next() -> UInt8 {
    state = state &* 1_664_525 &+ 1_013_904_223
    let byte = UInt8(state >> 24)
    return byte < 64 ? 0 : byte > 192 ? 255 : byte
  }
  return (0..<size.height).map { _ in (0..<size.width).map { _ in SIMD3(next(), next(), next()) } }
}

private func transpose(_ rows: Rows) -> Rows { rows[0].indices.map { x in rows.map { $0[x] } } }

/// One pass over the rows as Pillow's ImagingResampleHorizontal_8bpc does it, one tap after the other.
private func plainPass(_ rows: Rows, _ outputSize: Int, _ filter: ResampleFilter) -> Rows {
  let size = rows[0].count
  if filter == .nearest {
    let positions = NearestNeighbor.positions(inputSize: size, outputSize: outputSize, kept: 0..<outputSize)
    return rows.map { row in positions.map { $0.map { row[$0] } ?? SIMD3() } }
  }
  let axis = AxisWeights(inputSize: size, outputSize: outputSize, kept: 0..<outputSize, filter: filter)
  return rows.map { row in
    axis.taps.map { taps in
      var sum = SIMD3<Int32>(repeating: 1 << 21)
      for tap in 0..<taps.count {
        let pixel = SIMD3<Int32>(truncatingIfNeeded: row[taps.start + tap])
        sum &+= pixel &* SIMD3(repeating: axis.weights[taps.firstWeight + tap])
      }
      let clipped = (sum &>> 22).clamped(lowerBound: SIMD3(), upperBound: SIMD3(repeating: 255))
      return SIMD3<UInt8>(truncatingIfNeeded: clipped)
    }
  }
}

/// Both passes, the one that Pillow does first first.
private func plainResize(_ rows: Rows, _ size: Size, _ filter: ResampleFilter) -> Rows {
  func across(_ rows: Rows) -> Rows { plainPass(rows, size.width, filter) }
  func down(_ rows: Rows) -> Rows { transpose(plainPass(transpose(rows), size.height, filter)) }
  let columnsFirst = Resizer.resizesColumnsFirst(Size(width: rows[0].count, height: rows.count), size)
  return columnsFirst ? across(down(rows)) : down(across(rows))
}

/// The upright image, as `ImageOps.exif_transpose` makes it.
private func upright(_ rows: Rows, _ exifValue: Int) -> Rows {
  func mirror(_ rows: Rows) -> Rows { rows.map { $0.reversed() } }
  switch exifValue {
  case 2: return mirror(rows)
  case 3: return mirror(rows).reversed()
  case 4: return rows.reversed()
  case 5: return transpose(rows)
  case 6: return mirror(transpose(rows))
  case 7: return mirror(transpose(rows)).reversed()
  case 8: return transpose(rows).reversed()
  default: return rows
  }
}

@Suite struct ResizerTests {
  static let sizes: [(Size, Geometry)] = [
    (Size(width: 1, height: 1), Geometry(resize: .shorterSide(5), crop: 3)),
    (Size(width: 3, height: 2), Geometry(resize: .exact(Size(width: 9, height: 17)), crop: nil)),
    (Size(width: 37, height: 29), Geometry(resize: .shorterSide(8), crop: 7)),
    (Size(width: 64, height: 80), Geometry(resize: .shorterSide(13), crop: 5)),
    (Size(width: 16, height: 90), Geometry(resize: .exact(Size(width: 16, height: 9)), crop: nil)),
    (Size(width: 90, height: 16), Geometry(resize: .exact(Size(width: 4, height: 16)), crop: 3)),
    (Size(width: 33, height: 21), Geometry(resize: .none, crop: 10)),
    (Size(width: 200, height: 7), Geometry(resize: .shorterSide(3), crop: 12)),
  ]

  @Test(arguments: ResampleFilter.allCases, 1...8)
  func agreesWithThePlainTwin(filter: ResampleFilter, exifValue: Int) throws {
    let orientation = try #require(Orientation(exifValue: exifValue))
    let resizer = Resizer(filter: filter)
    for (size, geometry) in Self.sizes {
      let rows = noise(size)
      let stored = PixelBuffer(rows)
      let plan = geometry.plan(for: orientation.upright(size))
      let result = PixelBuffer()
      try resizer.resize(stored, orientation: orientation, plan: plan, into: result)

      let full = plainResize(upright(rows, exifValue), plan.resized, filter)
      let expected = full[plan.y.kept].map { Array($0[plan.x.kept]) }
      #expect(result.rows == expected, "\(size) \(geometry)")
    }
  }

  // Found out by comparing Pillow 13.0.0's resize with its own one-sided resizes in either order.
  @Test(arguments: [
    (Size(width: 512, height: 929), Size(width: 300, height: 200), true),
    (Size(width: 512, height: 929), Size(width: 300, height: 505), false),
    (Size(width: 512, height: 929), Size(width: 300, height: 504), true),
    (Size(width: 1000, height: 1000), Size(width: 300, height: 200), false),
    (Size(width: 100, height: 100), Size(width: 150, height: 99), true),
    (Size(width: 113, height: 86), Size(width: 188, height: 139), false),
  ])
  func passOrder(input: Size, output: Size, columnsFirst: Bool) {
    #expect(Resizer.resizesColumnsFirst(input, output) == columnsFirst)
  }

  @Test(arguments: [(0.5, 2_097_152), (-0.5, -2_097_152), (1 / 3.0, 1_398_101), (2 / 3.0, 2_796_203), (-1e-7, 0)])
  func fixedPoint(weight: Double, value: Int32) {
    #expect(AxisWeights.fixedPoint(weight) == value)
  }

  @Test(arguments: [0, 1, 127, 254, 255] as [UInt8], [0, 1, 128, 255] as [UInt8])
  func inkToLight(a: UInt8, b: UInt8) {
    #expect(CMYK.multiply(a, b) == UInt8((Double(a) * Double(b) / 255).rounded()))
  }

  @Test func cmykPixels() {
    // White paper, black ink, full cyan: inverted, as files hold them.
    let pixels = PixelBuffer([[SIMD3(255, 255, 255), SIMD3(255, 255, 255), SIMD3(0, 255, 255)]])
    unsafe pixels.base.storeBytes(of: 255, toByteOffset: 3, as: UInt8.self)
    unsafe pixels.base.storeBytes(of: 0, toByteOffset: 7, as: UInt8.self)
    unsafe pixels.base.storeBytes(of: 255, toByteOffset: 11, as: UInt8.self)
    CMYK.convert(pixels)
    #expect(pixels.rows == [[SIMD3(255, 255, 255), SIMD3(0, 0, 0), SIMD3(0, 255, 255)]])
  }
}
