// How a panel of bfloat16 weights is packed.

internal import KernelTemplates

/// A panel: (positions, steps, panelWidth, 2), a step being two elements of a run. The last pair of an odd run begins one element
/// earlier, so that it ends with the run, and has a zero for the element that the pair before has already.
struct BFloat16Panel {
  private let inputs: Int
  private let runs: IndirectRuns
  private let weights: ConvolutionWeights
  private let width: Int
  private let convert: BFloat16Kernels.Convert
  /// Kernel positions.
  let kernelPositions: Int

  /// - Parameter inputs: channels; a run holds those of one kernel position, or of all that are joined.
  init(inputs: Int, runs: IndirectRuns, weights: ConvolutionWeights, kernels: BFloat16Kernels) {
    self.inputs = inputs
    self.runs = runs
    self.weights = weights
    width = kernels.panelWidth
    convert = kernels.convert
    kernelPositions = runs.positions * runs.depth / inputs
  }

  private var steps: Int { (runs.depth + 1) / 2 }
  private var isOdd: Bool { runs.depth % 2 == 1 }
  var elements: Int { runs.positions * steps * width * 2 }

  /// Packs the weights of some channels, and the zeros beside them.
  func pack(_ outputs: Range<Int>, channels: Range<Int>, to: UnsafeMutablePointer<UInt16>) {
    if weights.outputStep == 1 {
      packColumns(outputs, channels, to: to)
    } else {
      packRows(outputs, channels, to: to)
    }
    guard isOdd && channels.upperBound == inputs else { return }
    for position in 0..<runs.positions {
      let pair = to + (position * steps + steps - 1) * width * 2
      for column in 0..<width { pair[2 * column] = 0 }
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
          let pair =
            to + start(position: position)
            + offset(element(position: position, channel: channel))
          for column in 0..<width { pair[2 * column] = converted[column] }
        }
      }
    }
  }

  /// Of weights whose channels and kernel positions are neighbours in memory: a few cache lines of each output at a time.
  private func packRows(_ outputs: Range<Int>, _ channels: Range<Int>, to: UnsafeMutablePointer<UInt16>) {
    let block = max(2, 64 / kernelPositions & ~1)
    withConversion(of: block * kernelPositions) { gathered, converted in
      for first in stride(from: channels.lowerBound, to: channels.upperBound, by: block) {
        let block = first..<min(first + block, channels.upperBound)
        for (column, output) in outputs.enumerated() {
          gather(output, block, to: gathered)
          convert(block.count * kernelPositions, UnsafePointer(gathered), converted)
          scatter(converted, block, to: to + 2 * column)
        }
        guard outputs.count < width else { continue }
        converted.update(repeating: 0, count: block.count * kernelPositions)
        for column in outputs.count..<width { scatter(converted, block, to: to + 2 * column) }
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

  /// - Parameter channels: an even number of them, the first even, where `inputs` is.
  private func scatter(_ from: UnsafePointer<UInt16>, _ channels: Range<Int>, to: UnsafeMutablePointer<UInt16>) {
    for position in 0..<kernelPositions {
      let run = to + start(position: position)
      let first = element(position: position, channel: channels.lowerBound)
      if inputs % 2 == 0 {  // whole pairs
        var pair = UnsafeMutableRawPointer(run + offset(first)).assumingMemoryBound(to: UInt32.self)
        for index in stride(from: position, to: channels.count * kernelPositions, by: 2 * kernelPositions) {
          pair.pointee = UInt32(from[index]) | UInt32(from[index + kernelPositions]) << 16
          pair += width
        }
      } else {
        for index in 0..<channels.count { run[offset(first + index)] = from[index * kernelPositions + position] }
      }
    }
  }

  // MARK: Where a weight is

  /// The element of its run.
  private func element(position: Int, channel: Int) -> Int {
    position % (runs.depth / inputs) * inputs + channel
  }
  /// Where the run of a kernel position begins.
  private func start(position: Int) -> Int { position / (runs.depth / inputs) * steps * width * 2 }
  /// Where an element of a run is, in the first column.
  private func offset(_ element: Int) -> Int {
    let isSecond = element & 1 == 1 || isOdd && element == runs.depth - 1
    return element >> 1 * width * 2 + (isSecond ? 1 : 0)
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
