// Quantized convolutions compared with the scalar reference on every available instruction set, at sizes around each tile and vector edge: equal bytes.

import Testing

@testable import Kernels

/// Sizes around the vectors (4, 8, 16), the panels (8, 16, 24, 32) and the steps of four and eight.
private let edges = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 32, 33, 65]

/// The instruction sets whose products of 16-bit integers are worth it.
private let setsWithWinograd = instructionSets.filter { $0.byteKernels.winograd != nil }

@Suite struct QuantizedConvolutionTests {
  @Test(arguments: instructionSets, edges)
  func productAtEveryEdge(_ set: CPUFeatures, outputs: Int) throws {
    for inputs in edges {
      for rows in [1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 25] {
        let shape = ConvolutionShape(
          inHeight: 1, inWidth: rows, inChannels: inputs, outChannels: outputs, kernelHeight: 1, kernelWidth: 1)
        let run = QuantizedCase(
          shape: shape, output: QuantizedCase.Output.allCases[(rows + inputs) % 4], isSigned: rows % 3 == 0,
          weightsAreSigned: inputs % 4 != 3, gap: rows % 3, atStart: rows % 2 == 0)
        #expect(try run.differences(set) == 0, "\(run)")
      }
    }
  }

  @Test(arguments: instructionSets, ConvolutionTests.shapes)
  func anyGeometry(_ set: CPUFeatures, _ shape: ConvolutionShape) throws {
    for output in QuantizedCase.Output.allCases {
      for batch in [1, 3] {
        for threads in [1, 2] {
          let run = QuantizedCase(
            shape: shape, batch: batch, output: output, isSigned: batch == 3, weightsAreSigned: threads == 1,
            weightsAreFarFromZero: batch == 1 && output != .floats, bias: threads == 1, gap: batch - 1,
            threads: threads, atStart: threads == 2)
          #expect(try run.differences(set) == 0, "\(run)")
        }
      }
    }
  }

  /// From 64 channels up some instruction sets compute blocks of channels; 96 and 144 are not multiples of a block.
  @Test(arguments: instructionSets, edges + [64, 96, 144])
  func depthwise(_ set: CPUFeatures, channels: Int) throws {
    let shapes = [
      square(1, channels, channels, kernel: 3, pad: 1, groups: channels),
      square(4, channels, channels, kernel: 3, pad: 1, groups: channels),
      square(13, channels, channels, kernel: 3, pad: 1, groups: channels),
      square(14, channels, channels, kernel: 3, stride: 2, pad: 1, groups: channels),
      square(14, channels, channels, kernel: 5, stride: 2, pad: 2, groups: channels),
      square(11, channels, channels, kernel: 3, pad: 2, dilation: 2, groups: channels),
      square(9, channels, channels, kernel: 3, groups: channels),
      square(9, channels, channels, kernel: 7, pad: 3, groups: channels),
    ]
    for (index, shape) in shapes.enumerated() {
      for output in [QuantizedCase.Output.bytes, .added, .floats] {
        let run = QuantizedCase(
          shape: shape, batch: 2, output: output, isSigned: index % 3 == 0, weightsAreSigned: index % 2 == 0,
          weightsAreFarFromZero: index % 4 == 3, gap: index % 3, threads: 2, atStart: index % 2 == 1,
          inPlace: output == .added)
        #expect(try run.differences(set) == 0, "\(run)")
      }
    }
  }

  /// Large enough for several blocks and panels, on several threads; the residual in place.
  @Test(arguments: instructionSets)
  func severalBlocks(_ set: CPUFeatures) throws {
    for shape in [
      square(30, 40, 70, kernel: 3, pad: 1), square(56, 24, 40, kernel: 1), square(7, 200, 150, kernel: 3, pad: 1),
      square(1, 512, 1000, kernel: 1), square(5, 1030, 34, kernel: 1),
    ] {
      let run = QuantizedCase(shape: shape, batch: 2, output: .added, threads: 3, inPlace: true)
      #expect(try run.differences(set) == 0, "\(run)")
    }
  }

  /// Exact Winograd convolutions, with every kind of result, at sizes around its tiles, vectors and panels.
  @Test(arguments: setsWithWinograd, [QuantizedConvolutionChoice.winogradTwo, .winogradFour])
  func winogradAtEveryEdge(_ set: CPUFeatures, _ choice: QuantizedConvolutionChoice) throws {
    let fewest = try #require(set.byteKernels.winograd).fewestChannels
    let name = "int8 winograd \(choice == .winogradTwo ? "2x2" : "4x4")"
    for inputs in [0, 1, 2, 7, fewest, fewest + 1].map({ fewest + $0 }) {
      for outputs in [1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 40] {
        for size in [1, 2, 3, 4, 5, 7, 8, 9, 18] where size < 9 || outputs % 8 < 2 {
          let mixed = inputs + outputs + size
          let run = QuantizedCase(
            shape: square(size, inputs, outputs, kernel: 3, pad: size < 3 ? 1 + size % 2 : mixed % 3),
            output: QuantizedCase.Output.allCases[mixed % 4], isSigned: mixed % 3 == 0,
            weightsAreSigned: mixed % 5 > 1, choice: choice, inputZero: [0, 255, 117][mixed % 3],
            isExtreme: size == 7, algorithm: name, gap: mixed % 2, atStart: size % 2 == 0,
            inPlace: mixed % 4 == 1)
          #expect(try run.differences(set) == 0, "\(run)")
        }
      }
    }
  }

  /// Oblong images and uneven padding; several blocks, panels and threads.
  @Test(arguments: setsWithWinograd, [QuantizedConvolutionChoice.winogradTwo, .winogradFour])
  func winogradOfAnyGeometry(_ set: CPUFeatures, _ choice: QuantizedConvolutionChoice) throws {
    for (height, width) in [(1, 30), (13, 4), (6, 25)] {
      for pads in [(0, 0, 2, 1), (2, 1, 0, 0), (3, 2, 3, 5), (1, 1, 1, 1)] {
        let shape = ConvolutionShape(
          inHeight: height, inWidth: width, inChannels: 35, outChannels: 37, kernelHeight: 3, kernelWidth: 3,
          padTop: max(pads.0, height < 3 ? 1 : 0), padLeft: pads.1, padBottom: max(pads.2, height < 3 ? 1 : 0),
          padRight: pads.3)
        for threads in 1...3 {
          let run = QuantizedCase(
            shape: shape, batch: threads, output: QuantizedCase.Output.allCases[(height + threads) % 4],
            weightsAreSigned: threads != 2, choice: choice, gap: threads - 1, threads: threads)
          #expect(try run.differences(set) == 0, "\(run)")
        }
      }
    }
    // Around the channels whose products are summed at a time: multiples of 16, fewer for wider vectors.
    for inputs in [65, 80, 129, 145, 273, 289] {
      let run = QuantizedCase(shape: square(6, inputs, 20, kernel: 3, pad: 1), choice: choice)
      #expect(try run.differences(set) == 0, "\(run)")
    }
    for threads in [1, 3] {
      let run = QuantizedCase(
        shape: square(45, 96, 70, kernel: 3, pad: 1), batch: 2, output: .added, choice: choice, threads: threads,
        inPlace: true)
      #expect(try run.differences(set) == 0, "\(run)")
    }
  }

  /// Sums too large for a tile's division: a smaller tile, then the direct product.
  @Test(arguments: setsWithWinograd)
  func winogradWhereItIsExactAlone(_ set: CPUFeatures) throws {
    for (inputs, name) in [
      (114, "int8 winograd 4x4"), (115, "int8 winograd 2x2"), (1826, "int8 winograd 2x2"), (1828, "int8 indirect"),
    ] {
      let run = QuantizedCase(
        shape: square(5, inputs, 3, kernel: 3), output: .sums, choice: .winogradFour, inputZero: 0, isExtreme: true,
        algorithm: name)
      #expect(try run.differences(set) == 0, "\(run)")
    }
  }

  @Test func multipliersThatAreNotFiniteAndPositiveAreRefused() {
    for (scale, weight, output) in [(Float(1e-30), Float(1e-20), Float(1)), (1e30, 1e20, 1), (.nan, 1, 1), (1, -1, 1)] {
      #expect(throws: QuantizationError.self) {
        try requantizationMultiplier(input: scale, weight: weight, output: output)
      }
    }
  }
}
