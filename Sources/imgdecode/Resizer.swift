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

  /// The pixels of the plan's crop, without padding, in upright rows.
  ///
  /// - Parameters:
  ///   - stored: as decoded.
  ///   - plan: for the upright size of `stored`.
  ///   - result: reshaped to the crop's kept lengths and filled.
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
    let (across, down) = orientation.transposed ? (y, x) : (x, y)
    let turned = orientation.transposed ? self.turned : result
    // Values are rounded between the passes, so their order matters.
    if Self.resizesColumnsFirst(upright, plan.resized) == orientation.transposed {
      try RowPass(across).run(stored, rows: down.inputRange, into: between)
      try ColumnPass(down).run(
        between, firstRow: down.inputRange.lowerBound, columns: 0..<across.taps.count, into: turned)
    } else {
      try ColumnPass(down).run(stored, columns: across.inputRange, into: between)
      try RowPass(across.shifted(by: -across.inputRange.lowerBound)).run(
        between, rows: 0..<down.taps.count, into: turned)
    }
    if orientation.transposed {
      try NearestNeighbor(x: Array(0..<turned.size.height), y: Array(0..<turned.size.width)).pick(
        turned, transposed: true, into: result)
    }
  }

  /// Pillow's choice since version 13 (pull request 9549): columns before rows where the height is reduced, and by more
  /// than twice as many pixels as the width. Versions before that always resize rows first.
  static func resizesColumnsFirst(_ input: Size, _ output: Size) -> Bool {
    output.height < input.height && input.height - output.height > 2 * (input.width - output.width)
  }

  private func nearest(_ input: Int, _ output: Int, _ kept: Range<Int>, mirrored: Bool) -> [Int?] {
    NearestNeighbor.positions(inputSize: input, outputSize: output, kept: kept, mirrored: mirrored)
  }
}
