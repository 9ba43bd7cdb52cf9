// Batch normalization folding into the preceding convolution.

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
