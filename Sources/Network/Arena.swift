internal import Glibc

/// Zeroed memory for floats; pages become real when they are first touched.
@safe
final class Arena {
  let base: UnsafeMutablePointer<Float>
  private let byteCount: Int
  private static let hugePage = 2 << 20

  /// Throws an error of `.outOfMemory` where the system refuses.
  init(floats: Int) throws(NodeError) {
    byteCount = max(floats, 1) * MemoryLayout<Float>.stride
    let pages = unsafe mmap(
      nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let pages = unsafe pages, unsafe pages != MAP_FAILED else {
      throw NodeError(node: "memory plan", error: .outOfMemory(bytes: byteCount))
    }
    // Whole huge pages only: a partly used one would count in full.
    unsafe madvise(pages, byteCount / Arena.hugePage * Arena.hugePage, MADV_HUGEPAGE)
    unsafe base = pages.bindMemory(to: Float.self, capacity: max(floats, 1))
  }

  deinit { unsafe munmap(base, byteCount) }
}
