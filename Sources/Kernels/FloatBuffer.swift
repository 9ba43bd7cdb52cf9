// Memory for packed weights.

internal import Glibc

/// Uninitialised floats on a cache line's boundary; large buffers on huge pages where the system gives them, since a panel crosses
/// many small ones. Written once by its creator, then only read: that is why threads may share it.
final class FloatBuffer: @unchecked Sendable {
  let start: UnsafeMutablePointer<Float>
  let count: Int

  init(count: Int) {
    self.count = count
    let bytes = max(64, count * MemoryLayout<Float>.stride)
    let hugePage = 2 << 20
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: bytes >= hugePage ? hugePage : 64)
    start = raw.bindMemory(to: Float.self, capacity: count)
    // Whole huge pages only: a partly used one would count in full.
    #if os(Linux)
      if bytes >= hugePage { madvise(raw, bytes / hugePage * hugePage, MADV_HUGEPAGE) }
    #endif
  }

  convenience init(zeros count: Int) {
    self.init(count: count)
    start.initialize(repeating: 0, count: count)
  }

  deinit { UnsafeMutableRawPointer(start).deallocate() }
}
