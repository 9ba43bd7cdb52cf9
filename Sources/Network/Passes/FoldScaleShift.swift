// Folds batch normalization, and scales behind an activation, into the preceding convolution.

internal import Kernels

/// A scale and shift per channel goes into the convolution or the scale and shift before it, if nothing else reads what
/// lies between: BatchNormalization costs nothing then.
extension Graph {
  mutating func foldScaleShift() {
    let uses = Uses(self)
    var removed = Set<Int>()
    for index in nodes.indices {
      guard let second = nodes[index].computation as? ScaleShift, second.activation == .none,
        case let middle = nodes[index].inputs[0], let writer = uses.writer(of: middle),
        uses.onlyReader(of: middle) == index
      else { continue }
      switch nodes[writer].computation {
      case let convolution as Convolution where convolution.activation == .none && !convolution.addsResidual:
        nodes[index].computation = convolution.followed(byScale: second.scale, shift: second.shift)
      case let first as ScaleShift where first.activation == .none:
        nodes[index].computation = first.followed(by: second)
      default: continue
      }
      nodes[index].inputs = nodes[writer].inputs
      removed.insert(writer)
    }
    removeNodes(removed)
  }
}

/// One factor and one summand for all channels, after a convolution that ends in an interval, go into its weights, bias and interval:
/// s · clamp(x, low, high) + b = clamp(s · x + b, s · low + b, s · high + b), the ends of the interval swapped where s < 0.
extension Graph {
  mutating func foldUniformScales() {
    let uses = Uses(self)
    var removed = Set<Int>()
    for index in nodes.indices {
      guard let change = nodes[index].computation as? ScaleShift, change.activation == .none,
        let (factor, summand) = change.uniform, factor != 0, factor.isFinite, summand.isFinite,
        case let middle = nodes[index].inputs[0], let writer = uses.writer(of: middle),
        uses.onlyReader(of: middle) == index, let convolution = nodes[writer].computation as? Convolution,
        !convolution.addsResidual, let range = convolution.activation.range
      else { continue }
      let channels = shape(middle).dimensions[1]
      let ends = [range.low * factor + summand, range.high * factor + summand].sorted()
      var folded = convolution.followed(
        byScale: Array(repeating: factor, count: channels), shift: Array(repeating: summand, count: channels))
      folded.activation = range == (-.infinity, .infinity) ? .none : .clip(min: ends[0], max: ends[1])
      nodes[writer].computation = folded
      nodes[writer].outputs = nodes[index].outputs
      removed.insert(index)
    }
    removeNodes(removed)
  }
}
