// The default number of worker threads: affinity mask, cgroup v2 CPU quota, and Lambda's CPU share.

import Glibc

/// How many threads the process may really use: the least of its affinity mask, its control group's quota, and, on
/// Lambda, the share of processors that its memory buys.
///
/// Every stage of a pipeline takes this many: a stage that waits for its neighbour uses no processor, so that the pipes between
/// the stages divide the machine by the work there is.
package enum ThreadCount {
  package static func available() -> Int {
    let memory = unsafe getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").flatMap { unsafe Int(String(cString: $0)) }
    return least(
      processors: processors(status: kernelFile("/proc/self/status") ?? ""), quota: quota(read: kernelFile),
      lambdaMegabytes: memory)
  }

  /// - Parameter quota: processors' worth of time, rounded up. Lambda gives one processor per 1,769 MB.
  static func least(processors: Int, quota: Int?, lambdaMegabytes: Int?) -> Int {
    max(1, min(processors, quota ?? processors, lambdaMegabytes.map { max(1, $0 / 1769) } ?? processors))
  }

  /// The bits of the affinity mask, `Cpus_allowed:\tff,ffffffff` (what sched_getaffinity would say,
  /// here for any number of processors); the processors online where the kernel does not report it.
  static func processors(status: String) -> Int {
    let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") }
    let bits = (line ?? "").dropFirst("Cpus_allowed:".count).compactMap(\.hexDigitValue).map(\.nonzeroBitCount)
    let count = bits.reduce(0, +)
    return count > 0 ? count : max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN)))
  }

  /// The tightest `cpu.max` from the process's control group up to the root.
  static func quota(read: (String) -> String?) -> Int? {
    let groups = (read("/proc/self/cgroup") ?? "").split(separator: "\n")
    var path = groups.first { $0.hasPrefix("0::") }.map { String($0.dropFirst(3)) } ?? "/"
    var least: Int?
    while true {
      if let text = read("/sys/fs/cgroup\(path == "/" ? "" : path)/cpu.max"), let quota = processors(cpuMax: text) {
        least = min(least ?? quota, quota)
      }
      guard path != "/", let slash = path.lastIndex(of: "/") else { return least }
      path = slash == path.startIndex ? "/" : String(path[..<slash])
    }
  }

  /// `150000 100000` is two processors, rounded up; `max …` means that there is no quota.
  static func processors(cpuMax text: String) -> Int? {
    let parts = text.split { $0 == " " || $0 == "\n" }.map { Int($0) }
    guard parts.count == 2, let quota = parts[0], let period = parts[1], quota > 0, period > 0 else { return nil }
    return max(1, quota / period + (quota % period == 0 ? 0 : 1))
  }
}
