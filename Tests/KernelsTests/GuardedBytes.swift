// Bytes with an unreadable page on either side, so that one byte outside is a crash.

import Glibc

/// Elements that touch the guard page after them (or, `atStart`, the one before).
final class GuardedBytes<Element: BitwiseCopyable> {
  let start: UnsafeMutablePointer<Element>
  let count: Int
  private let base: UnsafeMutableRawPointer
  private let length: Int

  init(_ values: [Element], atStart: Bool = false) {
    count = values.count
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let bytes = values.count * MemoryLayout<Element>.stride
    let inner = max(1, (bytes + page - 1) / page) * page
    length = inner + 2 * page
    base = mmap(nil, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    mprotect(base + page, inner, PROT_READ | PROT_WRITE)
    let first = base + page + (atStart ? 0 : inner - bytes)
    start = first.bindMemory(to: Element.self, capacity: max(1, values.count))
    for (index, value) in values.enumerated() { start[index] = value }
  }

  deinit { munmap(base, length) }

  var values: [Element] { Array(UnsafeBufferPointer(start: start, count: count)) }
}
