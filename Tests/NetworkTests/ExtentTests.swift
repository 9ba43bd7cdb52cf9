// Shape arithmetic with a symbolic batch size, and its limits.

import Testing

@testable import Network

struct ExtentTests {
  @Test(arguments: [
    (Extent(3), Extent(4), Extent(12)), (Extent(1, isBatched: true), Extent(4), Extent(4, isBatched: true)),
    (Extent(0), Extent(7), Extent(0)),
  ])
  func products(a: Extent, b: Extent, product: Extent) throws {
    #expect(try a * b == product)
    #expect(try b * a == product)
  }

  @Test func batchTimesBatchIsRefused() {
    let batch = Extent(1, isBatched: true)
    #expect(throws: GraphError.dynamicShape) { try batch * batch }
    #expect(throws: GraphError.dynamicShape) { try batch + Extent(2) }
    #expect(throws: GraphError.dynamicShape) { try Extent(5, isBatched: true) / Extent(2) }
    #expect(throws: GraphError.overflow) { try Extent(.max) * Extent(2) }
    #expect(throws: GraphError.overflow) { try Extent(1) / Extent(0) }
    #expect(throws: GraphError.overflow) { try Extent(.min) / Extent(-1) }
  }

  @Test func divisionRoundsTowardsZero() throws {
    #expect(try Extent(-7) / Extent(2) == Extent(-3))
    #expect(try Extent(6, isBatched: true) / Extent(3, isBatched: true) == Extent(2))
  }
}

struct ShapeTests {
  @Test(arguments: [[-1], [1 << 29], [1 << 20, 1 << 20], [.max, .max], [1 << 15, 0, -1]])
  func impossible(dimensions: [Int]) {
    #expect(throws: GraphError.overflow) { try Shape(dimensions) }
  }

  @Test(arguments: [
    ([2, 3], [3], [2, 3]), ([2, 1], [1, 4], [2, 4]), ([], [5], [5]), ([4, 1, 1], [2, 1, 3, 3], [2, 4, 3, 3]),
  ])
  func broadcasting(a: [Int], b: [Int], result: [Int]) throws {
    #expect(try broadcast(Shape(a), Shape(b)) == Shape(result))
  }

  @Test func batchBroadcastsOnlyInFront() throws {
    let batched = try Shape([1, 4], isBatched: true)
    #expect(try broadcast(batched, Shape([4])) == batched)
    #expect(throws: GraphError.self) { try broadcast(batched, Shape([3, 4])) }
    #expect(throws: GraphError.dynamicShape) { try broadcast(batched, Shape([5, 1, 4])) }
  }
}
