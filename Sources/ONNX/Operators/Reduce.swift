// Importers of the Reduce operators and of ArgMax and ArgMin.

internal import Network

/// The reductions, opsets 1, 11, 13 (axes as an attribute), 18 or, for ReduceSum, 13 (as an operand).
func importReduce(_ kind: Reduction.Kind) -> Importer {
  { node throws(GraphError) in
    let axes = try node.attributes.integers("axes")
    let keepsDimensions = try node.attributes.integer("keepdims") ?? 1 == 1
    let emptyMeansNone = try node.attributes.flag("noop_with_empty_axes")
    node.add(Reduce(kind, axes: axes, keepsDimensions: keepsDimensions, emptyMeansNone: emptyMeansNone))
  }
}

/// ArgMax and ArgMin, opsets 1, 11, 12 (select_last_index), 13.
func importArgExtreme(_ kind: ArgExtreme.Kind) -> Importer {
  { node throws(GraphError) in
    let axis = try node.attributes.integer("axis") ?? 0
    let keepsDimensions = try node.attributes.integer("keepdims") ?? 1 == 1
    let takesLast = try node.attributes.flag("select_last_index")
    node.add(ArgExtreme(kind, axis: axis, keepsDimensions: keepsDimensions, takesLast: takesLast))
  }
}
