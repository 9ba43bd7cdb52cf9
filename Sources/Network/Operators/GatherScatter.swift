// Indexed reads and writes whose indices are computed at run time and therefore checked there.

internal import Elements

/// Elements taken from, or put into, positions that a tensor of integers states: Gather with positions known only at run time,
/// GatherElements, GatherND, ScatterElements, ScatterND. One image at a time: positions may name any of the batch.
package struct GatherScatter: Operator, Computation {
  package enum Kind: Sendable, Equatable {
    /// Whole slices along an axis.
    case gather(axis: Int)
    /// Single elements; the positions have the result's shape.
    case gatherElements(axis: Int)
    /// The last axis of the positions is an index of that many axes, after `batchAxes` that both tensors share.
    case gatherND(batchAxes: Int)
    case scatterElements(axis: Int)
    case scatterND
  }

  /// What happens where an element is written.
  package enum Update: String, Sendable {
    case replace = "none"
    case add, mul, max, min
  }

  let kind: Kind
  let update: Update

  package init(_ kind: Kind, update: Update = .replace) {
    self.kind = kind
    self.update = update
  }

  package var name: String {
    switch kind {
    case .gather: "Gather"
    case .gatherElements: "GatherElements"
    case .gatherND: "GatherND"
    case .scatterElements: "ScatterElements"
    case .scatterND: "ScatterND"
    }
  }

  private var scatters: Bool {
    switch kind {
    case .scatterElements, .scatterND: true
    default: false
    }
  }

  package func resolve(_ operands: Operands) throws(GraphError) -> Resolution {
    try operands.require(atMost: scatters ? 3 : 2)
    let (data, indices) = (try operands.elements(0), try operands.elements(1))
    let type = try operands.operand(1).type
    guard type == .int64 || type == .int32 else { throw .elementType(type) }
    for operand in operands.all { if operand?.shape.isBatched ?? false { throw .dynamicShape } }
    let shape: Shape
    var resolved = kind
    switch kind {
    case .gather(let axis):
      let axis = try data.axis(axis)
      resolved = .gather(axis: axis)
      shape = try Shape(Array(data.dimensions[..<axis]) + indices.dimensions + Array(data.dimensions[(axis + 1)...]))
    case .gatherElements(let axis), .scatterElements(let axis):
      let axis = try data.axis(axis)
      guard indices.rank == data.rank else { throw .shapes([data, indices]) }
      for other in data.dimensions.indices where other != axis && indices.dimensions[other] > data.dimensions[other] {
        throw .shapes([data, indices])
      }
      resolved = scatters ? .scatterElements(axis: axis) : .gatherElements(axis: axis)
      shape = scatters ? data : indices
    case .gatherND(let batchAxes):
      let depth = indices.dimensions.last ?? 0
      guard batchAxes >= 0, batchAxes < indices.rank, batchAxes + depth <= data.rank, depth > 0,
        data.dimensions.prefix(batchAxes) == indices.dimensions.prefix(batchAxes)
      else { throw .shapes([data, indices]) }
      shape = try Shape(indices.dimensions.dropLast() + Array(data.dimensions[(batchAxes + depth)...]))
    case .scatterND:
      let depth = indices.dimensions.last ?? 0
      guard depth > 0, depth <= data.rank else { throw .shapes([data, indices]) }
      shape = data
    }
    if scatters {
      let updates = try operands.elements(2)
      guard try operands.operand(2).type == operands.operand(0).type else {
        throw .elementType(try operands.operand(2).type)
      }
      let wanted: [Int]
      if case .scatterND = kind {
        wanted = indices.dimensions.dropLast() + Array(data.dimensions[(indices.dimensions.last ?? 0)...])
      } else {
        wanted = indices.dimensions
      }
      guard updates.dimensions == wanted else { throw .shapes([updates, try Shape(wanted)]) }
    }
    return operands.computed(
      GatherScatter(resolved, update: update), reads: scatters ? [0, 1, 2] : [0, 1], shapes: [shape])
  }

  package func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (inputs, target) = (context.inputs, context.outputs[0])
    guard scatters else { return gather(target.element.unit, inputs, target) }
    if update == .replace { return scatterIntegers(target.element.unit, inputs, target) }
    if let type = target.element.integerType { return scatterIntegers(type, inputs, target) }
    switch update {
    case .replace: return scatter(Float.self, inputs, target) { $1 }
    case .add: return scatter(Float.self, inputs, target) { $0 + $1 }
    case .mul: return scatter(Float.self, inputs, target) { $0 * $1 }
    case .max: return scatter(Float.self, inputs, target) { Swift.max($0, $1) }
    case .min: return scatter(Float.self, inputs, target) { Swift.min($0, $1) }
    }
  }

  /// Sums and products wrap around.
  private func scatterIntegers<T: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ type: T.Type, _ inputs: [BufferView], _ target: BufferView
  ) -> Kernel {
    switch update {
    case .replace: scatter(type, inputs, target) { $1 }
    case .add: scatter(type, inputs, target) { $0 &+ $1 }
    case .mul: scatter(type, inputs, target) { $0 &* $1 }
    case .max: scatter(type, inputs, target) { Swift.max($0, $1) }
    case .min: scatter(type, inputs, target) { Swift.min($0, $1) }
    }
  }

  private func gather<Unit: BitwiseCopyable & Sendable>(
    _ unit: Unit.Type, _ inputs: [BufferView], _ target: BufferView
  ) -> Kernel {
    let (data, places) = (inputs[0], IndexedPlaces(kind, inputs[0].dimensions, inputs[1]))
    return Kernel { run in
      let (input, output) = unsafe (run.read(data, as: unit), run.write(target, as: unit))
      places.visit(run) { position, place, width in
        unsafe (output + position * width).update(from: input + place, count: width)
      }
    }
  }

  /// - Parameter combine: what is written, of the element that is there and of the new one.
  private func scatter<T: BitwiseCopyable & Sendable>(
    _ type: T.Type, _ inputs: [BufferView], _ target: BufferView, combine: @escaping @Sendable (T, T) -> T
  ) -> Kernel {
    let (data, updates) = (inputs[0], inputs[2])
    let places = IndexedPlaces(kind, data.dimensions, inputs[1])
    return Kernel { run in
      let (input, news) = unsafe (run.read(data, as: type), run.read(updates, as: type))
      let output = unsafe run.write(target, as: type)
      unsafe output.update(from: input, count: data.count)
      places.visit(run) { position, place, width in
        for i in 0..<width {
          unsafe output[place + i] = combine(output[place + i], news[position * width + i])
        }
      }
    }
  }
}

/// Where in the data the elements or slices are that a tensor of indices names.
private struct IndexedPlaces: Sendable {
  private let indices: BufferView
  private let kind: GatherScatter.Kind
  private let dimensions: [Int]
  private let strides: [Int]

  init(_ kind: GatherScatter.Kind, _ dimensions: [Int], _ indices: BufferView) {
    self.kind = kind
    self.indices = indices
    self.dimensions = dimensions
    strides = rowMajorStrides(dimensions)
  }

  /// `body(number of the place, its first element in the data, elements)`. An index outside takes the nearest inside; a
  /// negative one counts from the end.
  func visit(_ run: borrowing RunContext, _ body: (Int, Int, Int) -> Void) {
    let isWide = indices.element == .int64
    let (wide, narrow) = unsafe (run.read(indices, as: Int64.self), run.read(indices, as: Int32.self))
    func index(_ position: Int, along axis: Int) -> Int {
      let stated = unsafe isWide ? Int(wide[position]) : Int(narrow[position])
      let size = dimensions[axis]
      let counted = stated < 0 ? stated &+ size : stated
      return min(max(counted, 0), size - 1)
    }
    switch kind {
    case .gather(let axis):
      let outer = dimensions[..<axis].reduce(1, *)
      for block in 0..<outer {
        for position in 0..<indices.count {
          let place = block * dimensions[axis] * strides[axis] + index(position, along: axis) * strides[axis]
          body(block * indices.count + position, place, strides[axis])
        }
      }
    case .gatherElements(let axis), .scatterElements(let axis):
      // The data as the indices see it: its strides over their dimensions, the named axis standing still.
      var steps = strides
      steps[axis] = 0
      StridedView(dimensions: indices.dimensions, strides: steps).visit { position, start in
        body(position, start + index(position, along: axis) * strides[axis], 1)
      }
    case .gatherND, .scatterND:
      var batchAxes = 0
      if case .gatherND(let count) = kind { batchAxes = count }
      let depth = indices.dimensions.last ?? 1
      let width = dimensions[(batchAxes + depth)...].reduce(1, *)
      let rows = indices.count / depth
      let perBatch = rows / max(dimensions[..<batchAxes].reduce(1, *), 1)
      let batchSize = dimensions[batchAxes...].reduce(1, *)
      for row in 0..<rows {
        var place = batchAxes > 0 ? row / perBatch * batchSize : 0
        for axis in 0..<depth {
          place += index(row * depth + axis, along: batchAxes + axis) * strides[batchAxes + axis]
        }
        body(row, place, width)
      }
    }
  }
}
