/// A value of four dimensions from one layout to the other; put in by `assignLayouts`.
struct LayoutConversion: Operator {
  let name = "Layout"
  let to: Layout

  func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    .computed(self, reads: [0], shapes: [try operands.activation(0)])
  }

  func compile(_ site: Site) throws(GraphError) -> Kernel? {
    let source = site.inputs[0]
    // Both orders are the same and the memory is shared.
    if site.outputs[0].startsWhere(source) { return nil }
    // Stored (n, channels, height, width) or (n, height, width, channels).
    let order = to == .channelsLast ? [0, 2, 3, 1] : [0, 3, 1, 2]
    return StridedView(permuting: source.dimensions, order).kernel(from: source, to: site.outputs[0])
  }
}
