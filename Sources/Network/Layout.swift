// Memory layouts, and which of them an operator accepts.

/// How a value's elements lie in memory. Shapes and axes of the graph are always as the model states them.
package enum Layout: Sendable, Equatable {
  /// C order.
  case rowMajor
  /// Four dimensions (n, channels, height, width) stored as (n, height, width, channels).
  case channelsLast

  /// Where logical `axis` is found among the stored dimensions.
  func position(of axis: Int) -> Int {
    switch self {
    case .rowMajor: axis
    case .channelsLast: [0, 3, 1, 2][axis]
    }
  }

  /// `dimensions`, or anything else there is one of per axis, in the order of storage.
  func stored<Element>(_ dimensions: [Element]) -> [Element] {
    switch self {
    case .rowMajor: dimensions
    case .channelsLast: [dimensions[0], dimensions[2], dimensions[3], dimensions[1]]
    }
  }

  /// Whether both layouts put a value of these dimensions in the same order.
  static func isSame(_ dimensions: [Int]) -> Bool {
    dimensions.count != 4 || dimensions[1] == 1 || dimensions[2] * dimensions[3] == 1
  }
}

/// What an operator can work on.
package enum LayoutRule: Sendable {
  case rowMajor
  case channelsLast
  /// Either, the same for all its operands and results.
  case either
}
