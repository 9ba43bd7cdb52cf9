// Fuses a residual connection into the epilogue of a convolution.

internal import Kernels

/// An addition goes into the epilogue of the convolution that makes one of its operands, if nothing else reads that
/// operand. The convolution then runs where the addition did: the other operand exists by then.
extension Graph {
  mutating func fuseResiduals() {
    let uses = Uses(self)
    var removed = Set<Int>()
    for index in nodes.indices {
      guard let sum = nodes[index].computation as? Arithmetic, sum.kind == .add, sum.activation == .none,
        case let a = nodes[index].inputs[0], case let b = nodes[index].inputs[1], a != b, shape(a) == shape(b),
        self[a].constant == nil, self[b].constant == nil
      else { continue }
      // The later of two: its input is fresh in the cache, and the earlier one's result waits either way.
      let writers = [a, b].compactMap { summand in
        uses.onlyReader(of: summand) == index ? uses.writer(of: summand) : nil
      }
      for writer in writers.sorted(by: >) where !removed.contains(writer) {
        guard var convolution = nodes[writer].computation as? Convolution, !convolution.addsResidual,
          convolution.activation == .none
        else { continue }
        convolution.addsResidual = true
        let residual = nodes[writer].outputs[0] == a ? b : a
        nodes[index].computation = convolution
        nodes[index].inputs = [nodes[writer].inputs[0], residual]
        removed.insert(writer)
        break
      }
    }
    removeNodes(removed)
  }
}
