// From the stored image to the upright, resized, cropped one.

import Streams

/// Resizes images, holding on to the memory that takes.
///
/// An image is turned upright by reading its axes in the other order or from the other end, never by moving its pixels.
@safe final class Resizer {
  private let filter: ResampleFilter
  private let between = PixelBuffer()
  private let turned = PixelBuffer()

  init(filter: ResampleFilter) { self.filter = filter }

  /// The pixels of the plan's windows, without padding, in upright rows.
  ///
  /// - Parameters:
  ///   - stored: as decoded.
  ///   - plan: for the upright size of `stored`.
  ///   - result: reshaped to the windows' kept lengths and filled.
  func resize(
    _ stored: PixelBuffer, orientation: Orientation, plan: Plan, into result: PixelBuffer
  ) throws(SystemError) {
    let upright = orientation.upright(stored.size)
    if filter == .nearest || plan.resized == upright {
      let x = nearest(upright.width, plan.resized.width, plan.x.kept, mirrored: orientation.mirrorsX)
      let y = nearest(upright.height, plan.resized.height, plan.y.kept, mirrored: orientation.mirrorsY)
      return try NearestNeighbor(x: x, y: y).pick(stored, transposed: orientation.transposed, into: result)
    }
    let x = AxisWeights(
      inputSize: upright.width, outputSize: plan.resized.width, kept: plan.x.kept, filter: filter,
      mirrored: orientation.mirrorsX)
    let y = AxisWeights(
      inputSize: upright.height, outputSize: plan.resized.height, kept: plan.y.kept, filter: filter,
      mirrored: orientation.mirrorsY)
    // The upright rows are resized first, rounded, and then the upright columns: rounding makes the order matter.
    if orientation.transposed {
      try ColumnPass(x).run(stored, columns: y.inputRange, into: between)
      try RowPass(y.shifted(by: -y.inputRange.lowerBound)).run(between, rows: 0..<plan.x.kept.count, into: turned)
      let columns = Array(0..<turned.size.height)
      let rows = Array(0..<turned.size.width)
      try NearestNeighbor(x: columns, y: rows).pick(turned, transposed: true, into: result)
    } else {
      try RowPass(x).run(stored, rows: y.inputRange, into: between)
      try ColumnPass(y).run(
        between, firstRow: y.inputRange.lowerBound, columns: 0..<plan.x.kept.count, into: result)
    }
  }

  private func nearest(_ input: Int, _ output: Int, _ kept: Range<Int>, mirrored: Bool) -> [Int?] {
    NearestNeighbor.positions(inputSize: input, outputSize: output, kept: kept, mirrored: mirrored)
  }
}
