// Symbolic integers of shape arithmetic: constants and multiples of the batch size.

/// An integer known when the network is built, or a multiple of the batch, which is known only when it runs.
///
/// The integers of a graph are shapes on their way from `Shape` to `Reshape`; one of them is often the batch.
package struct Extent: Sendable, Equatable, Hashable {
  /// The value, or what the batch is multiplied with.
  let count: Int
  let isBatched: Bool

  package init(_ count: Int, isBatched: Bool = false) {
    self.count = count
    self.isBatched = isBatched
  }

  /// The value, if it does not depend on the batch.
  func fixed() throws(GraphError) -> Int {
    if isBatched { throw .dynamicShape }
    return count
  }

  static func * (a: Extent, b: Extent) throws(GraphError) -> Extent {
    let (product, overflow) = a.count.multipliedReportingOverflow(by: b.count)
    if overflow { throw .overflow }
    if a.isBatched && b.isBatched { throw .dynamicShape }
    return Extent(product, isBatched: a.isBatched || b.isBatched)
  }

  /// Integer division that rounds towards zero, as ONNX's does; a batched dividend must divide exactly.
  static func / (a: Extent, b: Extent) throws(GraphError) -> Extent {
    if b.count == 0 || (a.count == .min && b.count == -1) { throw .overflow }
    if a.isBatched && b.isBatched {
      if a.count % b.count != 0 { throw .dynamicShape }
      return Extent(a.count / b.count)
    }
    if b.isBatched || (a.isBatched && a.count % b.count != 0) { throw .dynamicShape }
    return Extent(a.count / b.count, isBatched: a.isBatched)
  }

  static func + (a: Extent, b: Extent) throws(GraphError) -> Extent {
    let (sum, overflow) = a.count.addingReportingOverflow(b.count)
    if overflow { throw .overflow }
    return Extent(sum, isBatched: try sameKind(a, b))
  }

  static func - (a: Extent, b: Extent) throws(GraphError) -> Extent {
    let (difference, overflow) = a.count.subtractingReportingOverflow(b.count)
    if overflow { throw .overflow }
    return Extent(difference, isBatched: try sameKind(a, b))
  }

  /// n + n is a multiple of the batch and 2 + 3 a number; n + 2 is neither, unless one side is zero.
  private static func sameKind(_ a: Extent, _ b: Extent) throws(GraphError) -> Bool {
    if a.isBatched == b.isBatched { return a.isBatched }
    if a.count == 0 { return b.isBatched }
    if b.count == 0 { return a.isBatched }
    throw .dynamicShape
  }
}
