// A file as memory: pages come in when they are touched and can be given back when they have been used.

import Glibc
import POSIX

/// A read-only private mapping of a whole file, unmapped when the value ends.
///
/// A file that another process truncates while it is mapped ends this process by SIGBUS, as with every mapping.
/// Unchecked: the mapping is only read.
@safe package struct MappedFile: ~Copyable, @unchecked Sendable {
  /// The file's bytes, valid for as long as this value lives.
  package let bytes: UnsafeRawBufferPointer

  /// - Throws: `SystemError` when the file cannot be opened, is not a regular file, or cannot be mapped.
  package init(path: String) throws(SystemError) {
    let file = try Descriptor.open(file: path, O_RDONLY)
    var status = stat()
    guard unsafe fstat(file.rawValue, &status) == 0 else { throw SystemError(operation: "stat", object: path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      let code = status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL
      throw SystemError(code: code, operation: "map", object: path)
    }
    let count = Int(status.st_size)
    if count == 0 {
      unsafe bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    let address = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, file.rawValue, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      throw SystemError(operation: "map", object: path)
    }
    unsafe bytes = UnsafeRawBufferPointer(start: address, count: count)
  }

  /// Gives the pages that lie wholly within the range back to the system; touching them again reads the file again.
  package func release(_ range: Range<Int>) {
    guard let base = unsafe bytes.baseAddress else { return }
    let page = sysconf(CInt(_SC_PAGESIZE))
    let lower = (range.lowerBound + page - 1) / page * page
    let upper = range.upperBound / page * page
    if lower < upper {
      unsafe madvise(UnsafeMutableRawPointer(mutating: base + lower), upper - lower, MADV_DONTNEED)
    }
  }

  /// A copy of a file's bytes, for files small enough to be held in memory.
  ///
  /// - Throws: what `init(path:)` throws.
  package static func contents(path: String) throws(SystemError) -> [UInt8] {
    let file = try MappedFile(path: path)
    return withExtendedLifetime(file) { unsafe Array(file.bytes) }
  }

  deinit {
    if let base = unsafe bytes.baseAddress {
      unsafe munmap(UnsafeMutableRawPointer(mutating: base), bytes.count)
    }
  }
}
