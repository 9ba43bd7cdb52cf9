// How many threads a process may use.
import Testing

@testable import POSIX

@Suite struct ThreadCounts {
  @Test(arguments: [
    (8, nil, nil, 8), (8, 3, nil, 3), (2, 16, nil, 2), (6, nil, 10_240, 5), (2, nil, 128, 1), (2, nil, 1769, 1),
    (4, 1, 10_240, 1),
  ])
  func theLeastOfAllLimits(processors: Int, quota: Int?, megabytes: Int?, expected: Int) {
    #expect(ThreadCount.least(processors: processors, quota: quota, lambdaMegabytes: megabytes) == expected)
  }

  @Test func affinityMask() {
    #expect(ThreadCount.processors(status: "Name:\tx\nCpus_allowed:\tff,ffffffff\nCpus_allowed_list:\t0-39\n") == 40)
    #expect(ThreadCount.processors(status: "Cpus_allowed:\t5\n") == 2)
    #expect(ThreadCount.processors(status: "") >= 1)
  }

  @Test(arguments: [
    ("150000 100000\n", 2), ("200000 100000\n", 2), ("1000 100000\n", 1), ("max 100000\n", nil), ("", nil),
    ("0 100000", nil),
    ("1 2 3", nil),
  ])
  func quotaOfAGroup(text: String, expected: Int?) { #expect(ThreadCount.processors(cpuMax: text) == expected) }

  /// The tightest from the process's group up to the root.
  @Test func quotaOfAllGroups() {
    let files = [
      "/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
      "/sys/fs/cgroup/a/cpu.max": "300000 100000\n", "/sys/fs/cgroup/cpu.max": "500000 100000\n",
    ]
    #expect(ThreadCount.quota { files[$0] } == 3)
    #expect(ThreadCount.quota { $0 == "/sys/fs/cgroup/cpu.max" ? "400000 100000" : nil } == 4)
    #expect(ThreadCount.quota { _ in nil } == nil)
  }
}
