// Joins a convolution with the depthwise convolution that reads its result.

internal import Kernels

/// A depthwise convolution is computed together with the convolution before it, if nothing else reads what lies between and that is large:
/// the expansion of an inverted residual block. Runs when activations are part of their convolutions.
extension Graph {
  mutating func fuseDepthwise(_ precision: Precision) {
    let uses = Uses(self)
    var removed = Set<Int>()
    for index in nodes.indices {
      guard let second = nodes[index].computation as? Convolution, second.groups > 1, !second.addsResidual,
        case let between = nodes[index].inputs[0], let writer = uses.writer(of: between),
        uses.onlyReader(of: between) == index, let first = nodes[writer].computation as? Convolution,
        !first.addsResidual
      else { continue }
      let pair = ConvolutionPair(first: first, second: second, between: shape(between))
      guard let geometry = try? pair.shape(over: shape(nodes[writer].inputs[0])),
        geometry.isFused(precision: precision)
      else { continue }
      nodes[index].computation = pair
      nodes[index].inputs = nodes[writer].inputs
      removed.insert(writer)
    }
    removeNodes(removed)
  }
}
