// The two passes of a resize, each over the part of the image that the result needs.

import Streams

/// Resizes rows: every output pixel is a weighted sum of neighbours in its row.
struct RowPass {
  /// One output position: where its taps start, and which eights of taps are its own.
  private struct Position {
    var start: Int
    var groups: Range<Int>
  }

  private var positions: [Position] = []
  /// Eight taps each, the last group of a position filled up with zeros.
  private var groups: [WeightPairs] = []

  init(_ axis: AxisWeights) {
    positions.reserveCapacity(axis.taps.count)
    for taps in axis.taps {
      let first = groups.count
      for group in stride(from: 0, to: taps.count, by: 8) {
        var (near, far) = (SIMD4<Int32>(), SIMD4<Int32>())
        for lane in 0..<4 {
          if group + lane < taps.count { near[lane] = axis.weights[taps.firstWeight + group + lane] }
          if group + 4 + lane < taps.count { far[lane] = axis.weights[taps.firstWeight + group + 4 + lane] }
        }
        groups.append(WeightPairs(near, far))
      }
      positions.append(Position(start: taps.start, groups: first..<groups.count))
    }
  }

  /// - Parameters:
  ///   - rows: the source's rows that are wanted; they become rows 0… of the result.
  ///   - result: reshaped to as many columns as the axis has output positions.
  func run(_ source: PixelBuffer, rows: Range<Int>, into result: PixelBuffer) throws(SystemError) {
    try result.reshape(to: Size(width: positions.count, height: rows.count))
    unsafe positions.withUnsafeBufferPointer { positions in
      unsafe groups.withUnsafeBufferPointer { groups in
        for row in 0..<rows.count {
          let from = unsafe source.base + (rows.lowerBound + row) * source.bytesPerRow
          let to = unsafe result.base + row * result.bytesPerRow
          for column in 0..<positions.count {
            let position = unsafe positions[column]
            var taps = unsafe from + position.start * PixelBuffer.bytesPerPixel
            var sums = PixelSums()
            for group in position.groups {
              unsafe sums.add(
                taps.loadUnaligned(as: SIMD4<UInt32>.self),
                (taps + 16).loadUnaligned(as: SIMD4<UInt32>.self), groups[group])
              unsafe taps += 32
            }
            unsafe to.storeBytes(
              of: sums.pixel, toByteOffset: column * PixelBuffer.bytesPerPixel, as: UInt32.self)
          }
        }
      }
    }
  }
}

/// Resizes columns: every output pixel is a weighted sum of neighbours in its column.
struct ColumnPass {
  private struct Position {
    var start: Int
    var count: Int
    var pairs: Range<Int>
  }

  private var positions: [Position] = []
  /// Two taps each, the same in every lane.
  private var pairs: [WeightPairs] = []

  init(_ axis: AxisWeights) {
    positions.reserveCapacity(axis.taps.count)
    for taps in axis.taps {
      let first = pairs.count
      let weights = axis.weights[taps.firstWeight..<taps.firstWeight + taps.count]
      for index in stride(from: weights.startIndex, to: weights.endIndex, by: 2) {
        let second = index + 1 < weights.endIndex ? weights[index + 1] : 0
        pairs.append(WeightPairs(SIMD4(repeating: weights[index]), SIMD4(repeating: second)))
      }
      positions.append(Position(start: taps.start, count: taps.count, pairs: first..<pairs.count))
    }
  }

  /// - Parameters:
  ///   - firstRow: which row of the axis the source's row 0 is.
  ///   - columns: the source's columns that are wanted; they become columns 0… of the result.
  ///   - result: reshaped to as many rows as the axis has output positions.
  func run(
    _ source: PixelBuffer, firstRow: Int = 0, columns: Range<Int>, into result: PixelBuffer
  ) throws(SystemError) {
    try result.reshape(to: Size(width: columns.count, height: positions.count))
    unsafe pairs.withUnsafeBufferPointer { pairs in
      for (row, position) in positions.enumerated() {
        let taps =
          unsafe source.base + (position.start - firstRow) * source.bytesPerRow
          + columns.lowerBound * PixelBuffer.bytesPerPixel
        let lastTap = unsafe taps + (position.count - 1) * source.bytesPerRow
        let to = unsafe result.base + row * result.bytesPerRow
        // The last four columns may overlap those before them, or reach into the slack of a narrow image.
        var column = 0
        while true {
          let offset = column * PixelBuffer.bytesPerPixel
          var first = unsafe taps + offset
          var sums = PixelSums()
          for pair in position.pairs {
            // The odd tap's partner has a weight of zero: any row that is there will do.
            let second = unsafe min(first + source.bytesPerRow, lastTap + offset)
            unsafe sums.add(
              first.loadUnaligned(as: SIMD4<UInt32>.self), second.loadUnaligned(as: SIMD4<UInt32>.self), pairs[pair])
            unsafe first = second + source.bytesPerRow
          }
          unsafe (to + offset).storeBytes(of: sums.pixels, as: SIMD4<UInt32>.self)
          if column + 4 >= columns.count { break }
          column = columns.count - column >= 8 ? column + 4 : columns.count - 4
        }
      }
    }
  }
}
