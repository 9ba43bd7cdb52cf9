// Selection by constant indices: the common copy behind Slice, Gather, Pad and strided subsampling.

internal import Elements
internal import Kernels

/// Some positions along each axis, in any order, or a fill value where there is none: what Slice, Gather, Pad, Split's
/// parts and a moved stride have in common.
struct Select: Computation {
  let name: String
  /// Per axis the source positions, −1 for the fill value; nil takes the axis as it is.
  let positions: [[Int]?]
  /// One element of the operand's type; nil is zero.
  var fill: Tensor?
  /// The result's dimensions where Gather drops or adds axes; else one per axis.
  var dimensions: [Int]?

  /// No axis that is selected from may be longer: its positions are listed.
  static let limit = 1 << 20

  /// Throws where the batch itself would be selected from.
  func shape(of input: Shape) throws(GraphError) -> Shape {
    if input.isBatched && positions[0] != nil { throw .dynamicShape }
    return try input.with(dimensions ?? positions.enumerated().map { $0.element?.count ?? input.dimensions[$0.offset] })
  }

  /// What an operator becomes that selects from `operand`, its first.
  func resolve(_ operand: Operand) throws(GraphError) -> Resolution {
    if positions.allSatisfy({ $0 == nil }) && dimensions == nil { return .operand(0) }
    let shape = try shape(of: operand.shape)
    if let constant = operand.constant {
      var sources = [Int](repeating: -1, count: shape.count)
      SelectLoop(constant.dimensions, positions).forEachRun { target, source, count in
        for index in 0..<count { sources[target + index] = source + index }
      }
      return .constants([try constant.gathered(sources, dimensions: shape.dimensions, fill: fill)])
    }
    if operand.shape.count == 0 || shape.count == 0 { throw .emptyTensor }
    return .computed(self, reads: [0], results: [TensorType(operand.type, shape)])
  }

  /// Where the result has the operand's axes it can be taken from either layout.
  var layoutRule: LayoutRule { dimensions == nil ? .either : .rowMajor }

  func compile(_ context: CompileContext) throws(GraphError) -> Kernel? {
    let (source, target) = (context.inputs[0], context.outputs[0])
    let loop = SelectLoop(source.dimensions, context.layout.stored(positions))
    let size = source.element.byteCount
    let filling = try filling(target)
    return Kernel { run in
      let (input, output) = unsafe (run.read(source, as: UInt8.self), run.write(target, as: UInt8.self))
      run.pool.run(tasks: run.items(source)) { item in
        let (from, to) = unsafe (input + item * source.count * size, output + item * target.count * size)
        if let filling {
          unsafe filling.withBytes { bytes in
            unsafe UnsafeMutableRawPointer(to).copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
          }
        }
        loop.forEachRun { target, source, count in
          unsafe (to + target * size).update(from: from + source * size, count: count * size)
        }
      }
    }
  }

  /// Whether an element of the result is the fill value.
  var fills: Bool { positions.contains { $0?.contains(-1) ?? false } }

  /// One item of the result with the fill value throughout, if any element takes it.
  private func filling(_ target: BufferView) throws(GraphError) -> ConstantStorage? {
    guard fills else { return nil }
    let zero = [UInt8](repeating: 0, count: target.element.byteCount)
    let element = unsafe try fill?.stored.withBytes { unsafe Array($0) } ?? zero
    return ConstantStorage(repeating: element, count: target.count).materialized()
  }
}

/// Walks a selection run by run: stretches of the last axes that are taken whole, and neighbours along the last axis that is selected
/// from, are copied in one piece.
private struct SelectLoop: Sendable {
  /// Elements to copy, from `source` of the operand's to `target` of the result's.
  private struct Run {
    var target: Int
    var source: Int
    var count: Int
  }

  /// Per axis before the last one selected from: source offsets in elements, −1 for fill.
  private let offsets: [[Int]]
  /// Of that axis, and the elements of the result that it has in all.
  private let runs: [Run]
  private let width: Int

  init(_ dimensions: [Int], _ positions: [[Int]?]) {
    let strides = rowMajorStrides(dimensions)
    let last = positions.lastIndex { $0 != nil }
    func offsets(_ axis: Int) -> [Int] {
      (positions[axis] ?? Array(0..<dimensions[axis])).map { $0 < 0 ? -1 : $0 * strides[axis] }
    }
    self.offsets = (0..<(last ?? 0)).map(offsets)
    let element = last.map { strides[$0] } ?? dimensions.reduce(1, *)
    let taken = last.map(offsets) ?? [0]
    var runs: [Run] = []
    for (index, source) in taken.enumerated() where source >= 0 {
      if let run = runs.last, run.source + run.count == source, run.target + run.count == index * element {
        runs[runs.count - 1].count += element
      } else {
        runs.append(Run(target: index * element, source: source, count: element))
      }
    }
    self.runs = runs
    width = taken.count * element
  }

  /// `body(position in the result, position in the source, elements)`; what is filled is passed over.
  func forEachRun(_ body: (Int, Int, Int) -> Void) {
    var target = 0
    walk(0, 0, &target, body)
  }

  private func walk(_ axis: Int, _ source: Int, _ target: inout Int, _ body: (Int, Int, Int) -> Void) {
    guard axis < offsets.count else {
      for run in runs { body(target + run.target, source + run.source, run.count) }
      target += width
      return
    }
    for offset in offsets[axis] {
      if offset >= 0 {
        walk(axis + 1, source + offset, &target, body)
      } else {
        target += offsets[(axis + 1)...].reduce(width) { $0 * $1.count }
      }
    }
  }
}
