// Memory for packed constants of any element type.

internal import Glibc

/// Uninitialised elements on a cache line's boundary; large buffers on huge pages where the system gives them, since a panel crosses
/// many small ones. Written once by its creator, then only read, so threads may share it.
final class TypedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  let start: UnsafeMutablePointer<Element>
  let count: Int

  init(count: Int) {
    self.count = count
    let bytes = max(64, count * MemoryLayout<Element>.stride)
    let hugePage = 2 << 20
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: bytes >= hugePage ? hugePage : 64)
    start = raw.bindMemory(to: Element.self, capacity: count)
    // Whole huge pages only: a partly used one would count in full.
    #if os(Linux)
      if bytes >= hugePage { madvise(raw, bytes / hugePage * hugePage, MADV_HUGEPAGE) }
    #endif
  }

  convenience init(repeating value: Element, count: Int) {
    self.init(count: count)
    start.initialize(repeating: value, count: count)
  }

  deinit { UnsafeMutableRawPointer(start).deallocate() }
}
