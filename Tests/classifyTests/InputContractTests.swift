// The input contract, predictions, CSV, threads and statistics, as tables.

import Streams
import Testing

@testable import classify

struct InputContractTests {
  private func contract(_ arguments: [String], _ metadata: [String: String] = [:]) throws -> InputContract {
    try StatedPreprocessing([
      ("flags", try ContractFlags.parse(arguments).stated),
      ("metadata", try Preprocessing(metadata: metadata, from: "metadata")),
    ]).contract
  }

  @Test func imageNetByDefault() throws {
    let table = try contract([]).table
    #expect(table[0] == (0 * (1 / 255) - 0.485) / 0.229)
    #expect(table[256 + 255] == (255 * Float(1) / 255 - 0.456) / 0.224)
  }

  @Test func flagsComeBeforeMetadata() throws {
    let metadata = ["input.mean": "[1,2,3]", "input.std": "2", "input.scale": "0.5", "input.channels": "BGR"]
    let stated = try contract([], metadata)
    #expect(stated == InputContract(mean: [1, 2, 3], std: [2, 2, 2], scale: 0.5, isBGR: true))
    let flagged = try contract(["--mean", "4", "--no-bgr"], metadata)
    #expect(flagged == InputContract(mean: [4, 4, 4], std: [2, 2, 2], scale: 0.5, isBGR: false))
  }

  @Test(arguments: [
    ["input.mean": "[1,2]"], ["input.mean": "x"], ["input.std": "[1,0,1]"], ["input.scale": "nan"],
    ["input.channels": "YUV"],
  ])
  func nonsenseIsRefused(metadata: [String: String]) {
    #expect(throws: ConfigurationError.self) { try contract([], metadata) }
  }
}

struct PredictionTests {
  @Test func theMostProbableInOrder() {
    let top = Prediction.top(3, of: [0.1, 0.4, 0.1, 0.4, 0])
    #expect(top.map(\.index) == [1, 3, 0])
    #expect(Prediction.top(9, of: [0.5, 0.5]).count == 2)
  }
}

struct CSVTests {
  @Test(arguments: [
    (["a", "b"], "a,b"), (["=1", "-1", "+1", "@x"], "'=1,'-1,'+1,'@x"), (["a,b", "c\"d"], "\"a,b\",\"c\"\"d\""),
    (["\tx", "two\nlines"], "'\tx,\"two\nlines\""),
  ])
  func rows(fields: [String], row: String) { #expect(csvRow(fields) == Array((row + "\r\n").utf8)) }
}

struct ThreadCountTests {
  @Test(arguments: [
    (8, nil, nil, 8), (8, 2, nil, 2), (2, 4, nil, 2), (2, nil, 128, 1), (6, nil, 10240, 5), (2, nil, 3538, 2),
  ])
  func least(processors: Int, quota: Int?, megabytes: Int?, threads: Int) {
    #expect(ThreadCount.least(processors: processors, quota: quota, lambdaMegabytes: megabytes) == threads)
  }

  @Test(arguments: [("max 100000\n", nil), ("150000 100000\n", 2), ("200000 100000", 2), ("1 100000", 1), ("x", nil)])
  func quotas(text: String, processors: Int?) { #expect(ThreadCount.processors(cpuMax: text) == processors) }

  @Test func theTightestGroupCounts() {
    let files = [
      "/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/b/cpu.max": "max 100000",
      "/sys/fs/cgroup/a/cpu.max": "250000 100000",
    ]
    #expect(ThreadCount.quota { files[$0] } == 3)
    #expect(ThreadCount.quota { _ in nil } == nil)
    #expect(ThreadCount.processors(status: "Name:\tx\nCpus_allowed:\tff,00000003\n") == 10)
  }
}

struct StatisticsTests {
  @Test(arguments: [([1.0, 2, 3, 4], 0.5, 2.0), ([5.0], 0.95, 5.0), ([1, 2, 3], 0.95, 3)])
  func quantiles(values: [Double], share: Double, result: Double) {
    #expect(Statistics.quantile(values, share) == result)
    #expect(Statistics.quantile([], share) == nil)
  }
}
