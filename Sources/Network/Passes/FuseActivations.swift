internal import Kernels

/// An operator that can end in an activation.
protocol Activating: Operator {
  var activation: Activation { get set }
}

extension Convolution: Activating {}
extension Dense: Activating {}
extension ScaleShift: Activating {}
extension Arithmetic: Activating {}

/// An activation goes into the operator before it, if nothing else reads what lies between.
extension Graph {
  mutating func fuseActivations() {
    let uses = Uses(self)
    var removed = Set<Int>()
    for index in nodes.indices {
      guard let activation = nodes[index].operation as? Activate, let middle = nodes[index].inputs[0],
        let writer = uses.writer(of: middle), uses.onlyReader(of: middle) == index,
        var operation = nodes[writer].operation as? any Activating, operation.activation == .none
      else { continue }
      operation.activation = activation.function
      nodes[writer].operation = operation
      nodes[writer].outputs = nodes[index].outputs
      removed.insert(index)
    }
    removeNodes(removed)
  }
}
