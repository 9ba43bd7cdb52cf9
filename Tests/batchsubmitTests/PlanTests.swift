// How work is cut.

import Testing

@testable import batchsubmit

@Suite struct PlanTests {
  @Test(arguments: [
    (0, 1, 10_000, []), (1, 3000, 10_000, [1]), (2, 1, 10_000, [2]), (3000, 3000, 10_000, [1]),
    (3001, 3000, 10_000, [2]), (10_000, 1, 10_000, [10_000]), (10_001, 1, 10_000, [10_000, 1]),
    (25_001, 1, 10_000, [10_000, 10_000, 5001]), (7, 2, 3, [3, 1]), (1_000_000, 6000, 10_000, [167]),
  ])
  func jobs(images: Int, perChild: Int, arraySize: Int, sizes: [Int]) {
    let plan = Plan(images: images, imagesPerChild: perChild, maximumArraySize: arraySize)
    #expect(plan.jobs.map(\.size) == sizes)
    #expect(plan.jobs.map(\.first) == sizes.indices.map { $0 * arraySize })
    #expect(plan.children == sizes.reduce(0, +))
  }

  @Test(arguments: [(1, 1), (7, 2), (10, 3), (6001, 6000), (10_000, 7), (12_345, 678)])
  func everyImageIsInOneChildAndChildrenAreAlike(images: Int, perChild: Int) {
    let plan = Plan(images: images, imagesPerChild: perChild, maximumArraySize: 4)
    let ranges = (0..<plan.children).map(plan.range(ofChild:))
    #expect(ranges.flatMap(Array.init) == Array(0..<images))
    let counts = ranges.map(\.count)
    #expect(counts.max()! - counts.min()! <= 1 && counts.max()! <= perChild)
    #expect(plan.jobs.map(plan.range(of:)).map(\.count).reduce(0, +) == images)
  }

  @Test func fiveMinutesByDefault() {
    #expect(Plan.defaultImagesPerChild(vcpus: 2) == 6000)
    #expect(Plan.defaultImagesPerChild(vcpus: 0.25) == 750)
  }
}
