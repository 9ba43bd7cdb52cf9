// Validates a .npy item and converts it to the layout and scale of the model's input.

import POSIX
import Streams

/// One .npy in memory: pixels, or numbers that are already preprocessed.
struct InputTensor {
  /// No .npy may have more bytes: 256 MiB.
  static let maximumBytes = 256 << 20

  enum Contents {
    /// (height, width, 3), or (height, width, 1) in gray
    case pixels
    /// (images, channels, height, width)
    case floats
  }

  let contents: Contents
  let images: Int
  let channels: Int
  let height: Int
  let width: Int
  private let bytes: [UInt8]
  private let offset: Int

  /// Throws `InputError.npy` or `.geometry`.
  init(_ bytes: [UInt8]) throws(InputError) {
    let header: NpyHeader
    (header, offset) = try mapError(InputError.npy) { () throws(NpyHeader.Malformed) in try NpyHeader.parse(bytes) }
    self.bytes = bytes
    switch (header.elementType, header.shape.count) {
    case (.uint8, 3) where header.shape[2] == 3 || header.shape[2] == 1:
      contents = .pixels
      (images, channels, height, width) = (1, header.shape[2], header.shape[0], header.shape[1])
    case (.float32, 3):
      contents = .floats
      (images, channels, height, width) = (1, header.shape[0], header.shape[1], header.shape[2])
    case (.float32, 4) where header.shape[0] > 0:
      contents = .floats
      (images, channels, height, width) = (header.shape[0], header.shape[1], header.shape[2], header.shape[3])
    default:
      let shape = "\(header.elementType.rawValue) (\(header.shape.map(String.init).joined(separator: ", ")))"
      throw .geometry(
        tensor: shape, model: "|u1 (height, width, 3 or 1) or <f4 (n, channels, height, width)",
        hint: "imgdecode makes both"
      )
    }
  }

  var description: String {
    switch contents {
    case .pixels: "|u1 (\(height), \(width), \(channels))"
    case .floats:
      images == 1
        ? "<f4 (\(channels), \(height), \(width))"
        : "<f4 (\(images), \(channels), \(height), \(width))"
    }
  }

  /// Pixels through `table` (channels, 256) into (height, width, channels) or, with `planes`, (channels, height, width).
  func write(pixels table: [Float], isBGR: Bool, planes: Bool, to output: UnsafeMutableBufferPointer<Float>) {
    let count = height * width
    unsafe bytes.withUnsafeBufferPointer { bytes in
      unsafe table.withUnsafeBufferPointer { table in
        let source = unsafe UnsafeBufferPointer(rebasing: bytes[offset...])
        if channels == 3 && !planes {  // One pass: three would write every line three times.
          let (first, last) = isBGR ? (2, 0) : (0, 2)
          for pixel in 0..<count {
            let at = pixel &* 3
            unsafe output[at] = table[Int(source[at &+ first])]
            unsafe output[at &+ 1] = table[256 &+ Int(source[at &+ 1])]
            unsafe output[at &+ 2] = table[512 &+ Int(source[at &+ last])]
          }
        } else {
          for channel in 0..<channels {
            let stored = isBGR ? channels - 1 - channel : channel
            let (start, step) = planes ? (channel * count, 1) : (channel, channels)
            for pixel in 0..<count {
              unsafe output[start &+ pixel &* step] =
                table[channel &* 256 &+ Int(source[stored &+ pixel &* channels])]
            }
          }
        }
      }
    }
  }

  /// Image `index` as it is, or with the channels last.
  func write(floats index: Int, channelsLast: Bool, to output: UnsafeMutableBufferPointer<Float>) {
    let (pixels, size) = (height * width, channels * height * width)
    unsafe bytes.withUnsafeBytes { bytes in
      let image = unsafe UnsafeRawBufferPointer(rebasing: bytes[(offset + index * size * 4)...])
      func float(_ position: Int) -> Float {
        let bits = unsafe image.loadUnaligned(fromByteOffset: position &* 4, as: UInt32.self)
        return Float(bitPattern: UInt32(littleEndian: bits))
      }
      if channelsLast && channels == 3 {  // One pass: three would write every line three times.
        for pixel in 0..<pixels {
          unsafe output[pixel &* 3] = float(pixel)
          unsafe output[pixel &* 3 &+ 1] = float(pixels &+ pixel)
          unsafe output[pixel &* 3 &+ 2] = float(2 &* pixels &+ pixel)
        }
      } else {
        for channel in 0..<channels {
          for pixel in 0..<pixels {
            unsafe output[channelsLast ? pixel &* channels &+ channel : channel &* pixels &+ pixel] =
              float(channel &* pixels &+ pixel)
          }
        }
      }
    }
  }
}
