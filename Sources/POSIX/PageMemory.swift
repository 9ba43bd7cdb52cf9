// Zeroed memory in whole pages, on huge pages where the system gives them.

import Glibc

/// Owns an anonymous private mapping, unmapped when this value ends.
///
/// Every byte is 0 at first; a page takes memory when it is first touched. Unchecked: the pointer never changes, and the
/// owner decides which thread writes where.
@safe package struct PageMemory: ~Copyable, @unchecked Sendable {
  /// A huge page's size and alignment in bytes, on x86-64 and on arm64 with 4 KiB pages.
  package static let hugePageSize = 2 << 20

  /// The memory, valid for as long as this value lives. Its start is aligned to a page, or to a huge page where the
  /// memory holds one.
  package let bytes: UnsafeMutableRawBufferPointer

  /// - Parameters:
  ///   - byteCount: at least 0.
  ///   - usesHugePages: asks for huge pages where a whole one fits; a part of one at the end stays in small pages, since a
  ///     huge page that is touched once counts in full. Without huge pages the result is the same.
  ///   - isReserved: false allows overcommit (`MAP_NORESERVE`): for memory of which much stays untouched.
  /// - Throws: `ENOMEM` where the system refuses.
  package init(byteCount: Int, usesHugePages: Bool = true, isReserved: Bool = true) throws(Errno) {
    precondition(byteCount >= 0)
    guard byteCount > 0 else {
      unsafe bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)
      return
    }
    let isHuge = usesHugePages && byteCount >= Self.hugePageSize
    // The surplus lets the start be moved to a huge page's boundary.
    let (mapped, overflows) = byteCount.addingReportingOverflow(isHuge ? Self.hugePageSize : 0)
    if overflows { throw Errno(ENOMEM) }
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | (isReserved ? 0 : MAP_NORESERVE)
    guard let start = unsafe mmap(nil, mapped, PROT_READ | PROT_WRITE, flags, -1, 0), unsafe start != MAP_FAILED else {
      throw Errno()
    }
    guard isHuge else {
      unsafe bytes = UnsafeMutableRawBufferPointer(start: start, count: byteCount)
      return
    }
    let base = unsafe start.alignedUp(toMultipleOf: Self.hugePageSize)
    let before = unsafe base - start
    if before > 0 { unsafe munmap(start, before) }
    let pageSize = sysconf(CInt(_SC_PAGESIZE))
    let end = unsafe (base + byteCount).alignedUp(toMultipleOf: pageSize)
    let after = unsafe mapped - (end - start)
    if after > 0 { unsafe munmap(end, after) }
    unsafe madvise(base, byteCount / Self.hugePageSize * Self.hugePageSize, MADV_HUGEPAGE)
    unsafe bytes = UnsafeMutableRawBufferPointer(start: base, count: byteCount)
  }

  deinit {
    if let base = unsafe bytes.baseAddress { unsafe munmap(base, bytes.count) }
  }
}
