// Memory for one image's pixels that is used again for the next image.

import POSIX
import Streams

/// An image of four bytes a pixel: red, green, blue, and one that is ignored.
///
/// Rows follow each other without gaps. Memory comes from the system in whole mappings, asks for huge pages, and is
/// kept for the next image unless that needs far less: touching fresh pages costs as much as decoding into them.
@safe final class PixelBuffer {
  static let bytesPerPixel = 4
  /// The kernels load up to this many bytes past a pixel they need.
  private static let slack = 64
  /// More memory than this is given back after the image that needed it.
  private static let kept = 256 << 20

  private(set) var size = Size(width: 0, height: 0)
  private var memory: PageMemory?

  var bytesPerRow: Int { size.width * Self.bytesPerPixel }

  private var bytes: UnsafeMutableRawBufferPointer {
    switch memory {
    case .some(let memory): unsafe memory.bytes
    case .none: unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }
  }

  /// The first pixel. Valid until the next `reshape`; bytes up to `slack` past the last pixel may be read.
  var base: UnsafeMutableRawPointer { unsafe bytes.baseAddress! }

  /// Sets the size of the image, whose pixels are then undefined, and allocates memory where there is too little.
  ///
  /// - Parameter size: both sides at least 1.
  /// - Throws: `SystemError` when memory cannot be allocated.
  func reshape(to size: Size) throws(SystemError) {
    let needed = size.pixelCount * Self.bytesPerPixel + Self.slack
    let isWasteful = unsafe bytes.count > Self.kept && needed < bytes.count / 2
    if unsafe needed > bytes.count || isWasteful {
      memory = nil
      let page = PageMemory.hugePageSize
      let count = (needed + page - 1) / page * page
      memory = try mapError {
        SystemError($0, operation: "allocate", object: "\(count) bytes for \(size.width) × \(size.height) pixels")
      } of: { () throws(Errno) in
        try PageMemory(byteCount: count)
      }
    }
    self.size = size
  }
}
