// Fuses an activation into the epilogue of the computation before it.

internal import Kernels

/// A computation that can end in an activation.
protocol Activating: Computation {
  var activation: Activation { get set }
}

extension Convolution: Activating {}
extension Dense: Activating {}
extension ScaleShift: Activating {}
extension Arithmetic: Activating {}

/// An activation goes into the computation before it, if nothing else reads what lies between.
extension Graph {
  mutating func fuseActivations() {
    let uses = Uses(self)
    var removed = Set<Int>()
    for index in nodes.indices {
      guard let activation = nodes[index].computation as? Activate, case let middle = nodes[index].inputs[0],
        let writer = uses.writer(of: middle), uses.onlyReader(of: middle) == index,
        var computation = nodes[writer].computation as? any Activating, computation.activation == .none
      else { continue }
      computation.activation = activation.function
      nodes[writer].computation = computation
      nodes[writer].outputs = nodes[index].outputs
      removed.insert(index)
    }
    removeNodes(removed)
  }
}
