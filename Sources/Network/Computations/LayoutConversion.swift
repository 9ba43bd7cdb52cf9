// Conversion between C order and channels-last at run time.

/// A value of four dimensions from one layout to the other; inserted by `LayoutAssignment`.
struct LayoutConversion: Computation {
  let name = "Layout"
  let to: Layout

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let source = context.inputs[0]
    // Both orders are the same and the memory is shared.
    if context.outputs[0].startsWhere(source) { return nil }
    // Stored (n, channels, height, width) or (n, height, width, channels).
    let order = to == .channelsLast ? [0, 2, 3, 1] : [0, 3, 1, 2]
    return StridedView(permuting: source.dimensions, order).kernel(from: source, to: context.outputs[0])
  }
}
