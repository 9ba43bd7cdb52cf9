// How a panel of bfloat16 weights is packed.

internal import KernelTemplates

/// A panel: (positions, steps, panelWidth, group), a step being `group` elements of a run, 2 or 4. The last step begins early enough to end
/// with the run, and has zeros for the elements that the step before has already.
struct BFloat16Panel {
  private let inputs: Int
  private let runs: IndirectRuns
  private let weights: ConvolutionWeights
  private let width: Int
  private let group: Int
  private let convert: BFloat16Kernels.Convert
  /// Kernel positions.
  let kernelPositions: Int

  /// - Parameter inputs: channels; a run holds those of one kernel position, or of all that are joined.
  init(inputs: Int, runs: IndirectRuns, weights: ConvolutionWeights, kernels: BFloat16Kernels) {
    self.inputs = inputs
    self.runs = runs
    self.weights = weights
    width = kernels.panelWidth
    group = kernels.depthGroup
    convert = kernels.convert
    kernelPositions = runs.positions * runs.depth / inputs
  }

  private var steps: Int { (runs.depth + group - 1) / group }
  /// Elements of a run's last step that the step before has already.
  private var repeated: Int { steps * group - runs.depth }
  var elements: Int { runs.positions * steps * width * group }

  /// Packs the weights of some channels, and the zeros beside them.
  ///
  /// - Parameter channels: the first is a multiple of `group`.
  func pack(_ outputs: Range<Int>, channels: Range<Int>, to: UnsafeMutablePointer<UInt16>) {
    if weights.outputStep == 1 {
      packColumns(outputs, channels, to: to)
    } else {
      packRows(outputs, channels, to: to)
    }
    guard channels.upperBound == inputs else { return }
    for position in 0..<runs.positions {
      let last = to + (position * steps + steps - 1) * width * group
      for column in 0..<width {
        for element in 0..<repeated { last[group * column + element] = 0 }
      }
    }
  }

  /// Of weights whose outputs are neighbours in memory.
  private func packColumns(_ outputs: Range<Int>, _ channels: Range<Int>, to: UnsafeMutablePointer<UInt16>) {
    withConversion(of: width) { gathered, converted in
      gathered.update(repeating: 0, count: width)
      for channel in channels {
        for position in 0..<kernelPositions {
          let from = weights.start + channel * weights.inputStep + position
          for (column, output) in outputs.enumerated() { gathered[column] = from[output] * weights.factor(output) }
          convert(width, UnsafePointer(gathered), converted)
          let step =
            to + start(position: position)
            + offset(element(position: position, channel: channel))
          for column in 0..<width { step[group * column] = converted[column] }
        }
      }
    }
  }

  /// Of weights whose channels and kernel positions are neighbours in memory: a few cache lines of each output at a time.
  private func packRows(_ outputs: Range<Int>, _ channels: Range<Int>, to: UnsafeMutablePointer<UInt16>) {
    let block = max(group, 64 / kernelPositions / group * group)
    withConversion(of: block * kernelPositions) { gathered, converted in
      for first in stride(from: channels.lowerBound, to: channels.upperBound, by: block) {
        let block = first..<min(first + block, channels.upperBound)
        for (column, output) in outputs.enumerated() {
          gather(output, block, to: gathered)
          convert(block.count * kernelPositions, UnsafePointer(gathered), converted)
          scatter(converted, block, to: to + group * column)
        }
        guard outputs.count < width else { continue }
        converted.update(repeating: 0, count: block.count * kernelPositions)
        for column in outputs.count..<width { scatter(converted, block, to: to + group * column) }
      }
    }
  }

  /// The weights of one output: (channels, kernelPositions).
  private func gather(_ output: Int, _ channels: Range<Int>, to: UnsafeMutablePointer<Float>) {
    let factor = weights.factor(output)
    let from = weights.start + output * weights.outputStep + channels.lowerBound * weights.inputStep
    if weights.inputStep == kernelPositions {
      for index in 0..<channels.count * kernelPositions { to[index] = from[index] * factor }
    } else {
      for channel in 0..<channels.count {
        for position in 0..<kernelPositions {
          to[channel * kernelPositions + position] = from[channel * weights.inputStep + position] * factor
        }
      }
    }
  }

  /// - Parameter channels: multiples of `group` where `inputs` is one.
  private func scatter(_ from: UnsafePointer<UInt16>, _ channels: Range<Int>, to: UnsafeMutablePointer<UInt16>) {
    for position in 0..<kernelPositions {
      let run = to + start(position: position)
      let first = element(position: position, channel: channels.lowerBound)
      if inputs % group > 0 {
        for index in 0..<channels.count { run[offset(first + index)] = from[index * kernelPositions + position] }
      } else if group == 2 {
        scatterSteps(of: UInt32.self, from + position, channels.count, to: run + offset(first))
      } else {
        scatterSteps(of: UInt64.self, from + position, channels.count, to: run + offset(first))
      }
    }
  }

  /// Whole steps of one column, each written as one integer of `group` elements.
  private func scatterSteps<Step: FixedWidthInteger>(
    of _: Step.Type, _ from: UnsafePointer<UInt16>, _ channels: Int, to: UnsafeMutablePointer<UInt16>
  ) {
    var to = UnsafeMutableRawPointer(to)
    var from = from
    for _ in 0..<channels / (Step.bitWidth / 16) {
      var step: Step = 0
      for element in 0..<Step.bitWidth / 16 {
        step |= Step(from.pointee) << Step(16 * element)
        from += kernelPositions
      }
      to.storeBytes(of: step, as: Step.self)
      to += width * Step.bitWidth / 8
    }
  }

  // MARK: Where a weight is

  /// The element of its run.
  private func element(position: Int, channel: Int) -> Int {
    position % (runs.depth / inputs) * inputs + channel
  }
  /// Where the run of a kernel position begins.
  private func start(position: Int) -> Int { position / (runs.depth / inputs) * steps * width * group }
  /// Where an element of a run is, in the first column.
  private func offset(_ element: Int) -> Int {
    let (step, place) = element.quotientAndRemainder(dividingBy: group)
    return step * width * group + place + (step == steps - 1 ? repeated : 0)
  }

  private func withConversion(
    of count: Int, _ body: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<UInt16>) -> Void
  ) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { floats in
      withUnsafeTemporaryAllocation(of: UInt16.self, capacity: count) {
        body(floats.baseAddress!, $0.baseAddress!)
      }
    }
  }
}
