// The convolutions that are timed.

import Kernels

struct Layer {
  var name: String
  var count: Int
  var shape: ConvolutionShape

  init(
    _ count: Int, _ size: Int, _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, depthwise: Bool = false
  ) {
    name = "\(size)² \(inputs)→\(outputs) \(kernel)×\(kernel)" + (stride > 1 ? "/\(stride)" : "")
    self.count = count
    let pad = kernel / 2
    shape = ConvolutionShape(
      inHeight: size, inWidth: size, inChannels: inputs, outChannels: outputs, kernelHeight: kernel,
      kernelWidth: kernel, strideHeight: stride, strideWidth: stride, padTop: pad, padLeft: pad, padBottom: pad,
      padRight: pad, groups: depthwise ? inputs : 1)
  }
}

extension ConvolutionShape {
  var inputs: Int { inHeight * inWidth * inChannels }
  var outputs: Int { outHeight * outWidth * outChannels }
  var weights: Int { outChannels * inChannels / groups * kernelHeight * kernelWidth }
}

let resNet50: [Layer] = [
  Layer(1, 224, 3, 64, kernel: 7, stride: 2),
  Layer(1, 56, 64, 64, kernel: 1), Layer(3, 56, 64, 64, kernel: 3), Layer(4, 56, 64, 256, kernel: 1),
  Layer(2, 56, 256, 64, kernel: 1),
  Layer(1, 56, 256, 128, kernel: 1, stride: 2), Layer(4, 28, 128, 128, kernel: 3), Layer(4, 28, 128, 512, kernel: 1),
  Layer(1, 56, 256, 512, kernel: 1, stride: 2), Layer(3, 28, 512, 128, kernel: 1),
  Layer(1, 28, 512, 256, kernel: 1, stride: 2), Layer(6, 14, 256, 256, kernel: 3), Layer(6, 14, 256, 1024, kernel: 1),
  Layer(1, 28, 512, 1024, kernel: 1, stride: 2), Layer(5, 14, 1024, 256, kernel: 1),
  Layer(1, 14, 1024, 512, kernel: 1, stride: 2), Layer(3, 7, 512, 512, kernel: 3), Layer(3, 7, 512, 2048, kernel: 1),
  Layer(1, 14, 1024, 2048, kernel: 1, stride: 2), Layer(2, 7, 2048, 512, kernel: 1),
  Layer(1, 1, 2048, 1000, kernel: 1),
]

let mobileNetV2: [Layer] = [
  Layer(1, 224, 3, 32, kernel: 3, stride: 2), Layer(1, 112, 32, 32, kernel: 3, depthwise: true),
  Layer(1, 112, 32, 16, kernel: 1), Layer(1, 112, 16, 96, kernel: 1),
  Layer(1, 112, 96, 96, kernel: 3, stride: 2, depthwise: true), Layer(1, 56, 96, 24, kernel: 1),
  Layer(2, 56, 24, 144, kernel: 1), Layer(1, 56, 144, 144, kernel: 3, depthwise: true),
  Layer(1, 56, 144, 24, kernel: 1),
  Layer(1, 56, 144, 144, kernel: 3, stride: 2, depthwise: true), Layer(1, 28, 144, 32, kernel: 1),
  Layer(3, 28, 32, 192, kernel: 1), Layer(2, 28, 192, 192, kernel: 3, depthwise: true),
  Layer(2, 28, 192, 32, kernel: 1), Layer(1, 28, 192, 192, kernel: 3, stride: 2, depthwise: true),
  Layer(1, 14, 192, 64, kernel: 1), Layer(4, 14, 64, 384, kernel: 1),
  Layer(4, 14, 384, 384, kernel: 3, depthwise: true),
  Layer(3, 14, 384, 64, kernel: 1), Layer(1, 14, 384, 96, kernel: 1), Layer(3, 14, 96, 576, kernel: 1),
  Layer(2, 14, 576, 576, kernel: 3, depthwise: true), Layer(2, 14, 576, 96, kernel: 1),
  Layer(1, 14, 576, 576, kernel: 3, stride: 2, depthwise: true), Layer(1, 7, 576, 160, kernel: 1),
  Layer(3, 7, 160, 960, kernel: 1), Layer(3, 7, 960, 960, kernel: 3, depthwise: true), Layer(2, 7, 960, 160, kernel: 1),
  Layer(1, 7, 960, 320, kernel: 1), Layer(1, 7, 320, 1280, kernel: 1), Layer(1, 1, 1280, 1000, kernel: 1),
]
