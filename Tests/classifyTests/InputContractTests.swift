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

struct StatisticsTests {
  @Test(arguments: [([1.0, 2, 3, 4], 0.5, 2.0), ([5.0], 0.95, 5.0), ([1, 2, 3], 0.95, 3)])
  func quantiles(values: [Double], share: Double, result: Double) {
    #expect(Statistics.quantile(values, share) == result)
    #expect(Statistics.quantile([], share) == nil)
  }
}
