// Converts pixels to the elements of the tensor.

import ArgumentParser
import Streams

/// The element type, axis order and normalisation of the tensors that are written.
struct TensorFormat: Equatable, Sendable {
  enum DataType: String, CaseIterable, ExpressibleByArgument, Sendable { case uint8, float32 }
  enum Layout: String, CaseIterable, ExpressibleByArgument, Sendable { case hwc, chw }

  var dataType = DataType.uint8
  var layout = Layout.hwc
  /// One channel of brightness instead of red, green and blue.
  var isGray = false
  /// For `float32` alone; in double precision, as numpy computes it.
  var normalization = PixelNormalization<Double>()

  var channelCount: Int { isGray ? 1 : 3 }
  var bytesPerPixel: Int { channelCount * (dataType == .uint8 ? 1 : MemoryLayout<Float>.size) }

  func header(_ size: Size) -> NpyHeader {
    let sides = [size.height, size.width]
    let shape = layout == .hwc ? sides + [channelCount] : [channelCount] + sides
    return NpyHeader(elementType: dataType == .uint8 ? .uint8 : .float32, shape: shape)
  }

  /// The tensor's data, C order.
  ///
  /// - Parameters:
  ///   - pixels: the kept pixels; what they do not cover is black.
  ///   - plan: says where they lie.
  func data(_ pixels: PixelBuffer, _ plan: Plan) -> [UInt8] {
    switch dataType {
    case .uint8: return elements(pixels, plan) { value, _ in value }
    case .float32:
      let table = normalization.table
      return elements(pixels, plan) { value, channel in table[channel << 8 | Int(value)] }
    }
  }

  private func elements<Element: BitwiseCopyable>(
    _ pixels: PixelBuffer, _ plan: Plan, _ element: (UInt8, _ channel: Int) -> Element
  ) -> [UInt8] {
    let output = plan.output
    let (pixelStep, channelStep) = layout == .hwc ? (channelCount, 1) : (1, output.pixelCount)
    let count = output.pixelCount * bytesPerPixel
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
      let elements = unsafe UnsafeMutableRawBufferPointer(bytes).bindMemory(to: Element.self)
      if pixels.size != output {
        for channel in 0..<channelCount {
          let black = element(0, channel)
          for index in 0..<output.pixelCount { unsafe elements[index * pixelStep + channel * channelStep] = black }
        }
      }
      for row in 0..<pixels.size.height {
        let from = unsafe pixels.base + row * pixels.bytesPerRow
        let first = ((row + plan.y.padding) * output.width + plan.x.padding) * pixelStep
        for column in 0..<pixels.size.width {
          let index = first + column * pixelStep
          let pixel = unsafe from.load(fromByteOffset: column * PixelBuffer.bytesPerPixel, as: UInt32.self)
          unsafe elements[index] = element(UInt8(truncatingIfNeeded: pixel), 0)
          if isGray { continue }
          unsafe elements[index + channelStep] = element(UInt8(truncatingIfNeeded: pixel &>> 8), 1)
          unsafe elements[index + 2 * channelStep] = element(UInt8(truncatingIfNeeded: pixel &>> 16), 2)
        }
      }
      initialized = count
    }
  }
}
