// --include, --exclude and their lists of patterns: four flags whose order on the command line counts.

import Glibc
import POSIX
import Streams
import Synchronization

/// One occurrence of a filter flag.
struct FilterFlag: Sendable {
  private enum Patterns {
    case pattern(String)
    /// A file of patterns, one a line.
    case file(String)
  }

  private let includes: Bool
  private let patterns: Patterns
  /// Greater than that of every flag to the left: the parser keeps the order for each flag alone.
  private let order: Int

  private static let count = Mutex(0)

  private init(includes: Bool, _ patterns: Patterns) {
    self.includes = includes
    self.patterns = patterns
    order = Self.count.withLock { count in
      count += 1
      return count
    }
  }

  static func excluding(_ pattern: String) -> FilterFlag { FilterFlag(includes: false, .pattern(pattern)) }
  static func including(_ pattern: String) -> FilterFlag { FilterFlag(includes: true, .pattern(pattern)) }
  static func excludingFrom(_ path: String) -> FilterFlag { FilterFlag(includes: false, .file(path)) }
  static func includingFrom(_ path: String) -> FilterFlag { FilterFlag(includes: true, .file(path)) }

  /// The filter of these flags, in the order of the command line.
  static func filter(_ flags: [FilterFlag]) throws(SyncError) -> Filter {
    var filter = Filter()
    for flag in flags.sorted(by: { $0.order < $1.order }) {
      switch flag.patterns {
      case .pattern(let pattern): filter.rules.append(Filter.Rule(includes: flag.includes, glob: Glob(pattern)))
      case .file(let path):
        for pattern in try lines(ofFile: path) {
          filter.rules.append(Filter.Rule(includes: flag.includes, glob: Glob(pattern)))
        }
      }
    }
    return filter
  }

  private static func lines(ofFile path: String) throws(SyncError) -> [String] {
    let file = try systemCalls { () throws(SystemError) in try Descriptor.open(file: path, O_RDONLY) }
    let input = InputStream(descriptor: file.rawValue, name: path)
    var lines = [String]()
    do {
      while let line = try input.read(until: UInt8(ascii: "\n"), limit: 64 << 10) {
        let text = String(decoding: line.last == 0x0D ? line.dropLast() : line[...], as: UTF8.self)
        if !text.isEmpty, !text.hasPrefix("#") { lines.append(text) }
      }
    } catch let error as SystemError {
      throw .system(error)
    } catch {
      throw .unreadable("cannot read \(path)")
    }
    return lines
  }
}
