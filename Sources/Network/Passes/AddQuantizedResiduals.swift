// Fuses a residual connection into the epilogue of an 8-bit convolution.

internal import Kernels

/// A sum of bytes goes into the epilogue of the convolution that makes one of its operands, if nothing else reads that
/// operand: the same bytes, written and read once less.
extension Graph {
  mutating func addQuantizedResiduals() {
    let uses = Uses(self)
    var removed = Set<Int>()
    for index in nodes.indices {
      guard let sum = nodes[index].computation as? QuantizedArithmetic, sum.kind == .add,
        nodes[index].inputs[0] != nodes[index].inputs[1]
      else { continue }
      // The later of two: its input is fresh in the cache, and the earlier one's result waits either way.
      let operands = zip(nodes[index].inputs, [sum.b, sum.a]).compactMap { input, residual in
        uses.onlyReader(of: input) == index ? uses.writer(of: input).map { (writer: $0, residual: residual) } : nil
      }
      for (writer, residual) in operands.sorted(by: { $0.writer > $1.writer }) {
        guard var convolution = nodes[writer].computation as? QuantizedConvolution,
          convolution.outputScales == nil, case .bytes(let product) = convolution.output
        else { continue }
        convolution.output = .added(product: product, residual: residual, sum: sum.output)
        let other = nodes[index].inputs[nodes[writer].outputs[0] == nodes[index].inputs[0] ? 1 : 0]
        nodes[index].computation = convolution
        nodes[index].inputs = [nodes[writer].inputs[0], other]
        removed.insert(writer)
        break
      }
    }
    removeNodes(removed)
  }
}
