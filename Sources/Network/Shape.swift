// Tensor dimensions, with the batch as the one dimension that varies per run.

/// The dimensions of a value. In a batched one the first counts per item of the batch: a run over n items has
/// n · dimensions[0] there. Every other dimension is known when the network is built.
package struct Shape: Sendable, Equatable, Hashable {
  package let dimensions: [Int]
  package let isBatched: Bool

  /// No value may have more elements: 1 GiB of float32, over 80 times the largest activation of VGG-19.
  static let maximumCount = 1 << 28

  /// Throws `.overflow` for a negative dimension or more than `maximumCount` elements.
  package init(_ dimensions: [Int], isBatched: Bool = false) throws(GraphError) {
    _ = try elementCount(dimensions)
    self.dimensions = dimensions
    self.isBatched = isBatched
  }

  /// From integers such as `Reshape` is given: the batch may only be in front.
  init(_ extents: [Extent]) throws(GraphError) {
    if extents.dropFirst().contains(where: \.isBatched) { throw .dynamicShape }
    try self.init(extents.map(\.count), isBatched: extents.first?.isBatched ?? false)
  }

  package var rank: Int { dimensions.count }
  /// Elements, per item of the batch if batched.
  package var count: Int { dimensions.reduce(1, &*) }
  var extents: [Extent] {
    dimensions.enumerated().map { Extent($0.element, isBatched: isBatched && $0.offset == 0) }
  }

  /// `axis` counted from the front; negative ones count from the end.
  func axis(_ axis: Int) throws(GraphError) -> Int { try normalized(axis: axis, rank: rank) }

  /// With other dimensions, batched as before.
  func with(_ dimensions: [Int]) throws(GraphError) -> Shape { try Shape(dimensions, isBatched: isBatched) }
}

extension Shape: CustomStringConvertible {
  package var description: String {
    var parts = dimensions.map(String.init)
    if isBatched { parts[0] = dimensions[0] == 1 ? "N" : "\(dimensions[0])N" }
    return "(\(parts.joined(separator: ", ")))"
  }
}

func normalized(axis: Int, rank: Int) throws(GraphError) -> Int {
  guard axis >= -rank, axis < rank else { throw .axis(axis, rank: rank) }
  return axis < 0 ? axis + rank : axis
}

/// The product of `dimensions`, at most `Shape.maximumCount`.
package func elementCount(_ dimensions: [Int]) throws(GraphError) -> Int {
  var count = 1
  var isEmpty = false
  for dimension in dimensions {
    if dimension < 0 { throw .overflow }
    if dimension == 0 {
      isEmpty = true
      continue
    }
    let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
    if overflow || product > Shape.maximumCount { throw .overflow }
    count = product
  }
  return isEmpty ? 0 : count
}

/// NumPy's rule: shapes are aligned at the end, and a dimension of 1 stretches.
func broadcast(_ a: Shape, _ b: Shape) throws(GraphError) -> Shape {
  let rank = max(a.rank, b.rank)
  let left = Array(repeating: Extent(1), count: rank - a.rank) + a.extents
  let right = Array(repeating: Extent(1), count: rank - b.rank) + b.extents
  var result: [Extent] = []
  for (x, y) in zip(left, right) {
    if x == y || y == Extent(1) {
      result.append(x)
    } else if x == Extent(1) {
      result.append(y)
    } else {
      throw .shapes([a, b])
    }
  }
  return try Shape(result)
}
