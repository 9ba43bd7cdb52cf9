// Memory for one image's pixels that is used again for the next image.

import Glibc
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
  private var mapping = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)

  var bytesPerRow: Int { size.width * Self.bytesPerPixel }

  /// The first pixel. Valid until the next `reshape`; bytes up to `slack` past the last pixel may be read.
  var base: UnsafeMutableRawPointer { unsafe mapping.baseAddress! }

  /// Sets the size of the image, whose pixels are then undefined, and allocates memory where there is too little.
  ///
  /// - Parameter size: both sides at least 1.
  /// - Throws: `SystemError` when memory cannot be allocated.
  func reshape(to size: Size) throws(SystemError) {
    let needed = size.pixelCount * Self.bytesPerPixel + Self.slack
    let isWasteful = unsafe mapping.count > Self.kept && needed < mapping.count / 2
    if unsafe needed > mapping.count || isWasteful {
      unmap()
      let page = 2 << 20
      let count = (needed + page - 1) / page * page
      let address = unsafe mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      guard let address = unsafe address, unsafe address != MAP_FAILED else {
        throw SystemError(operation: "allocate", object: "\(count) bytes for \(size.width) × \(size.height) pixels")
      }
      // Best effort: the result does not depend on it.
      _ = unsafe madvise(address, count, MADV_HUGEPAGE)
      unsafe mapping = UnsafeMutableRawBufferPointer(start: address, count: count)
    }
    self.size = size
  }

  private func unmap() {
    if let address = unsafe mapping.baseAddress { _ = unsafe munmap(address, mapping.count) }
    unsafe mapping = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  }

  deinit { unmap() }
}
