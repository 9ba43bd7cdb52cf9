// The anonymous mapping that holds all intermediate values of one inference request, with huge pages where possible.

internal import Glibc

/// Zeroed memory; pages become real when they are first touched.
@safe
final class Arena {
  let base: UnsafeMutableRawPointer
  private let byteCount: Int
  private static let hugePage = 2 << 20

  /// Throws an error of `.outOfMemory` where the system refuses.
  init(byteCount: Int) throws(NodeError) {
    self.byteCount = max(byteCount, 1)
    let pages = unsafe mmap(
      nil, self.byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let pages = unsafe pages, unsafe pages != MAP_FAILED else {
      throw NodeError(node: "memory plan", error: .outOfMemory(bytes: byteCount))
    }
    // Whole huge pages only: a partly used one would count in full.
    unsafe madvise(pages, byteCount / Arena.hugePage * Arena.hugePage, MADV_HUGEPAGE)
    unsafe base = pages
  }

  deinit { unsafe munmap(base, byteCount) }
}
