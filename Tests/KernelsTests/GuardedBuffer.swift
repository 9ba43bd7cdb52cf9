// Memory with an unreadable page on either side, so that one float outside is a crash.

import Glibc

/// `count` floats that touch the guard page after them (or, `atStart`, the one before).
final class GuardedBuffer {
  let start: UnsafeMutablePointer<Float>
  let count: Int
  private let base: UnsafeMutableRawPointer
  private let length: Int

  init(_ values: [Float], atStart: Bool = false) {
    count = values.count
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let bytes = values.count * 4
    let inner = max(1, (bytes + page - 1) / page) * page
    length = inner + 2 * page
    base = mmap(nil, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    mprotect(base + page, inner, PROT_READ | PROT_WRITE)
    start = (base + page + (atStart ? 0 : inner - bytes)).bindMemory(to: Float.self, capacity: max(1, values.count))
    for (index, value) in values.enumerated() { start[index] = value }
  }

  convenience init(count: Int, atStart: Bool = false) {
    self.init([Float](repeating: .nan, count: count), atStart: atStart)
  }

  deinit { munmap(base, length) }

  var values: [Float] { Array(UnsafeBufferPointer(start: start, count: count)) }
}
