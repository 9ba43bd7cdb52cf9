// Quantized 3×3 weights packed for a Winograd convolution, and the sums that tell whether one is exact.

internal import KernelTemplates

/// Weights in −128…127: (panels, steps, taps, panelWidth, 2), a step being two input channels. Where their number is odd the last step overlaps
/// the one before, with zero weights for the channel they share.
func packTaps(_ layer: QuantizedLayer, panelWidth: Int, pool: ThreadPool) -> TypedBuffer<Int8> {
  let (inputs, columns) = (layer.shape.inChannels, layer.shape.outChannels)
  let taps = layer.shape.kernelHeight * layer.shape.kernelWidth
  let (panels, steps) = ((columns + panelWidth - 1) / panelWidth, (inputs + 1) / 2)
  let stepBytes = taps * panelWidth * 2
  let packed = TypedBuffer<Int8>(repeating: 0, count: panels * steps * stepBytes)
  pool.run(tasks: panels) { panel in
    let first = panel * panelWidth
    for column in 0..<min(panelWidth, columns - first) {
      for channel in 0..<inputs {
        let isLast = channel == 2 * steps - 2 && inputs % 2 == 1
        let step = packed.start + (panel * steps + channel / 2) * stepBytes
        let lane = 2 * column + (isLast ? 1 : channel % 2)
        layer.weights.forEachTap(first + column, channel, taps: taps) { tap, value in
          step[2 * panelWidth * tap + lane] = Int8(truncatingIfNeeded: value)
        }
      }
    }
  }
  return packed
}

/// The sums of one output channel's weights.
struct SignedSums {
  /// Of those above 0.
  var positive = 0
  /// Of those below, without their sign.
  var negative = 0

  var total: Int32 { Int32(truncatingIfNeeded: positive - negative) }
  /// The largest magnitude a sum of these weights times numbers of 0…1 can have.
  var largest: Int { max(positive, negative) }
}

extension QuantizedWeights {
  /// Of (inputs, taps) weights of one output channel.
  func signedSums(_ output: Int, inputs: Int, taps: Int) -> SignedSums {
    var sums = SignedSums()
    func add(_ input: Int, taps: Int) {
      var (total, magnitudes): (Int32, Int32) = (0, 0)
      forEachTap(output, input, taps: taps) { _, value in
        total &+= value
        magnitudes &+= abs(value)
      }
      sums.positive += Int(magnitudes &+ total) / 2
      sums.negative += Int(magnitudes &- total) / 2
    }
    if inputStep == taps {
      add(0, taps: inputs * taps)
    } else {
      for input in 0..<inputs { add(input, taps: taps) }
    }
    return sums
  }
}
