// Topological sort of the needed nodes, with detection of cycles and undefined values.

/// Which nodes the outputs depend on, each after those it reads from; otherwise in the order of the file.
struct NodeOrder {
  /// Indices into the list of nodes.
  private(set) var nodes: [Int] = []
  /// Every value that one of `nodes` reads, and the outputs.
  private(set) var read: Set<String>

  private enum State { case unseen, waiting, done }

  /// Throws `.undefined` where a needed value is neither in `given` nor written by a node, and `.cycle`.
  init(_ all: [Expansion.Node], outputs: [String], given: Set<String>) throws(ModelError) {
    var writers: [String: Int] = [:]
    for (index, node) in all.enumerated() {
      for name in node.message.outputs where !name.isEmpty {
        if writers.updateValue(index, forKey: name) != nil || given.contains(name) { throw .duplicate(value: name) }
      }
    }
    for name in outputs where writers[name] == nil && !given.contains(name) { throw .missingOutput(name) }
    let needed = NodeOrder.needed(all, outputs, writers)
    read = Set(outputs)
    var states = [State](repeating: .unseen, count: all.count)
    for root in needed {
      var stack = [(node: root, input: 0)]
      while let (index, input) = stack.last {
        let inputs = all[index].message.inputs
        if input == 0 {
          if states[index] == .done {
            stack.removeLast()
            continue
          }
          states[index] = .waiting
        }
        guard input < inputs.count else {
          states[index] = .done
          nodes.append(index)
          read.formUnion(inputs)
          stack.removeLast()
          continue
        }
        stack[stack.count - 1].input += 1
        let name = inputs[input]
        if let writer = writers[name] {
          switch states[writer] {
          case .unseen: stack.append((writer, 0))
          case .waiting: throw .cycle(node: all[index].label, value: name)
          case .done: break
          }
        } else if !name.isEmpty && !given.contains(name) {
          throw .undefined(node: all[index].label, value: name)
        }
      }
    }
  }

  /// In ascending order.
  private static func needed(_ all: [Expansion.Node], _ outputs: [String], _ writers: [String: Int]) -> [Int] {
    var needed = Set(outputs.compactMap { writers[$0] })
    var open = Array(needed)
    while let index = open.popLast() {
      for case .some(let writer) in all[index].message.inputs.map({ writers[$0] }) where needed.insert(writer).inserted
      {
        open.append(writer)
      }
    }
    return needed.sorted()
  }
}
