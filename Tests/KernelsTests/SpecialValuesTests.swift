// NaN, infinities and denormals pass through a convolution as through its plain twin. Winograd's transforms mix the inputs of a tile,
// so there only what no special value touches is held to it.

import Testing

@testable import Kernels

@Suite struct SpecialValuesTests {
  private static let shape = square(9, 8, 20, kernel: 3, pad: 1)

  private static func outputs(
    _ set: TestedKernels, _ choice: ConvolutionChoice, _ special: Float, groups: Int = 1
  ) -> (ours: [Float], plain: [Float], shape: ConvolutionShape) {
    var shape = Self.shape
    if groups > 1 { (shape.groups, shape.outChannels) = (groups, groups) }
    var noise = Noise(3)
    var input = noise.array(81 * 8)
    input[(4 * 9 + 4) * 8 + 3] = special
    let weights = noise.array(shape.outChannels * shape.groupInputs * 9)
    let run = ConvolutionCase(shape: shape, activation: .relu)
    return (
      run.run(set, choice, input: input, weights: weights, bias: nil, residual: nil),
      plainConvolution(
        shape, batch: 1, input: input, weights: weights, bias: nil, residual: nil, activation: .relu), shape
    )
  }

  @Test(arguments: TestedKernels.here, [Float.nan, .infinity, -.infinity, .leastNonzeroMagnitude])
  func passThrough(_ set: TestedKernels, _ special: Float) {
    for (choice, groups) in [(ConvolutionChoice.indirect, 1), (.depthwise, 8)] {
      let (ours, plain, _) = Self.outputs(set, choice, special, groups: groups)
      #expect(zip(ours, plain).allSatisfy { ElementwiseTests.same($0, $1) || abs($0 - $1) < 1e-5 })
    }
  }

  @Test(arguments: TestedKernels.here, [ConvolutionChoice.winogradTwo, .winogradFour])
  func winogradKeepsThemWithinTheTilesThatSeeThem(_ set: TestedKernels, _ choice: ConvolutionChoice) {
    let (ours, plain, shape) = Self.outputs(set, choice, .nan)
    let side = choice == .winogradTwo ? 2 : 4
    for y in 0..<9 {
      for x in 0..<9 {
        let seen = [y, x].allSatisfy { 4 >= $0 / side * side - 1 && 4 <= $0 / side * side + side }
        for channel in 0..<shape.outChannels {
          let at = (y * 9 + x) * shape.outChannels + channel
          if plain[at].isNaN { #expect(ours[at].isNaN) }
          if !seen { #expect(abs(ours[at] - plain[at]) < 1e-4) }
        }
      }
    }
  }
}
