// The three stages of a Winograd convolution (input transform, products, output transform), over blocks of tiles: their memory, and which
// thread computes what.

internal import KernelTemplates

/// What the stages compute, for one type of elements.
protocol WinogradArithmetic: Sendable {
  /// Of a pixel.
  associatedtype Element: BitwiseCopyable
  /// Of a transformed pixel.
  associatedtype Factor: BitwiseCopyable
  /// Of a product.
  associatedtype Sum: BitwiseCopyable
  /// The buffers of one run.
  associatedtype Call

  var tiles: WinogradTiles { get }
  /// The most rows of a register tile.
  var tileRows: Int { get }
  /// Output channels of a panel of weights.
  var panelWidth: Int { get }
  /// Input channels whose products are summed at a time.
  var depth: Int { get }
  /// Work space of the transforms.
  var workBytes: Int { get }
  /// Memory in which `weights` may leave what it returns.
  var panelBytes: Int { get }

  /// Bᵀ d B of one tile: (elements, ·), `elementStride` apart, each (inChannels).
  func transformInput(
    _ call: Call, _ tile: Int, pixels: UnsafeMutablePointer<UnsafePointer<Element>>, to: UnsafeMutablePointer<Factor>,
    elementStride: Int, work: UnsafeMutableRawPointer)
  /// The transformed weights of some input channels of a panel: (elements, ·).
  func weights(
    panel: Int, channels: Range<Int>, memory: UnsafeMutableRawPointer, work: UnsafeMutableRawPointer
  ) -> UnsafeRawPointer
  /// The products of one element of `count` tiles with one panel: (count, panelWidth). Those of the first input channels are written, those of
  /// others added.
  func multiply(
    _ pointers: UnsafePointer<UnsafePointer<Factor>>, count: Int, panel: Int, channels: Range<Int>, element: Int,
    weights: UnsafeRawPointer, to: UnsafeMutablePointer<Sum>)
  /// The output of some tiles and one panel, from products (elements, ·), `elementStride` apart, each (tiles, panelWidth).
  func transformOutput(
    _ call: Call, _ tiles: Range<Int>, panel: Int, _ products: UnsafePointer<Sum>, elementStride: Int,
    work: UnsafeMutableRawPointer)
}

struct WinogradProduct<Arithmetic: WinogradArithmetic> {
  /// Where a block's values are: (elements, tiles, inChannels) transformed inputs, the pointers to their rows, and, of the thread that uses it,
  /// products of one panel, its weights and work space.
  private struct Memory {
    var start: UnsafeMutableRawPointer
  }

  private let arithmetic: Arithmetic
  private let tiles: WinogradTiles
  private let tileRows: Int
  private let channels: Int
  private let panels: Int
  /// Tiles transformed together, so that they stay within L2 (or a few times that, shared, for layers whose weights are worth keeping
  /// longer).
  private let blockTiles: Int
  private let threads: Int
  private static var blockBytes: Int { 768 << 10 }

  /// - Parameter threads: the most that share the work.
  init(_ arithmetic: Arithmetic, maxBatch: Int, threads: Int) {
    self.arithmetic = arithmetic
    self.threads = threads
    tiles = arithmetic.tiles
    tileRows = arithmetic.tileRows
    channels = tiles.shape.inChannels
    panels = (tiles.shape.outChannels + arithmetic.panelWidth - 1) / arithmetic.panelWidth
    let tileBytes = MemoryLayout<Arithmetic.Factor>.size * tiles.elements * channels
    blockTiles = min(maxBatch * tiles.perImage, max(16, Self.blockBytes / tileBytes))
  }

  // MARK: Memory

  private static func lineElements<T>(_: T.Type) -> Int { 64 / MemoryLayout<T>.size }
  /// Padded by a cache line, so that the elements of a tile do not all fall on one set of the cache.
  private var factorStride: Int {
    let line = Self.lineElements(Arithmetic.Factor.self)
    return (blockTiles * channels + line - 1) / line * line + line
  }
  private func sumStride(_ count: Int) -> Int {
    count * arithmetic.panelWidth + Self.lineElements(Arithmetic.Sum.self)
  }
  private var pointerBytes: Int { wholeLineBytes(8 * (tiles.elements * (blockTiles + 4 * tileRows) + 1)) }
  private var factorBytes: Int { tiles.elements * factorStride * MemoryLayout<Arithmetic.Factor>.size }
  private var pixelBytes: Int { wholeLineBytes(8 * (tiles.elements + 1)) }
  private var workBytes: Int { pixelBytes + wholeLineBytes(arithmetic.workBytes) }
  private var sumBytes: Int {
    wholeLineBytes(tiles.elements * sumStride(blockTiles) * MemoryLayout<Arithmetic.Sum>.size)
  }
  private var workerBytes: Int {
    pointerBytes + factorBytes + workBytes + sumBytes + wholeLineBytes(arithmetic.panelBytes)
  }
  /// What `run` needs as scratch.
  var scratchBytes: Int { threads * workerBytes }

  private func factors(_ memory: Memory) -> UnsafeMutablePointer<Arithmetic.Factor> {
    (memory.start + pointerBytes).assumingMemoryBound(to: Arithmetic.Factor.self)
  }
  private func pointers(_ memory: Memory) -> UnsafeMutablePointer<UnsafePointer<Arithmetic.Factor>> {
    let start = memory.start.alignedUp(for: UnsafeRawPointer.self)
    return start.assumingMemoryBound(to: UnsafePointer<Arithmetic.Factor>.self)
  }
  private func pixels(_ memory: Memory) -> UnsafeMutablePointer<UnsafePointer<Arithmetic.Element>> {
    let start = (memory.start + pointerBytes + factorBytes).alignedUp(for: UnsafeRawPointer.self)
    return start.assumingMemoryBound(to: UnsafePointer<Arithmetic.Element>.self)
  }
  private func work(_ memory: Memory) -> UnsafeMutableRawPointer {
    memory.start + pointerBytes + factorBytes + pixelBytes
  }
  private func sums(_ memory: Memory) -> UnsafeMutablePointer<Arithmetic.Sum> {
    (memory.start + pointerBytes + factorBytes + workBytes).assumingMemoryBound(to: Arithmetic.Sum.self)
  }
  private func panelMemory(_ memory: Memory) -> UnsafeMutableRawPointer {
    memory.start + pointerBytes + factorBytes + workBytes + sumBytes
  }

  // MARK: Threads

  /// A block whose tiles fill two register tiles or more computes at full speed by itself, so where there is such a block for every
  /// thread, each thread takes its blocks through all three stages: no thread waits for another, and a block's values stay in its
  /// thread's L2. Otherwise all threads work on one block, share its transformed tiles and divide the output channels, so that each
  /// panel of weights is read by one thread only.
  ///
  /// - Parameter scratch: `scratchBytes` bytes.
  func run(_ call: Arithmetic.Call, batch: Int, scratch: UnsafeMutableRawPointer, pool: ThreadPool) {
    let count = batch * tiles.perImage
    let workers = pool.threads
    precondition(workers <= threads)
    if workers == 1 || count >= workers * 2 * tileRows {
      let atLeast = (count + blockTiles - 1) / blockTiles
      let blocks = GemmRows(rows: count, count: (atLeast + workers - 1) / workers * workers)
      pool.run(tasks: blocks.count) { task, worker in
        let block = blocks.range(task)
        let parts = GemmRows(rows: block.count, count: 1)
        let memory = Memory(start: scratch + worker * workerBytes)
        fillPointers(memory, parts)
        transformInput(call, block, 0..<block.count, to: memory, work: memory)
        for panel in 0..<panels { multiply(call, block, panel: panel, part: 0, of: parts, from: memory, work: memory) }
      }
    } else {
      let blocks = GemmRows(rows: count, tileRows: blockTiles)
      for index in 0..<blocks.count { runShared(call, blocks.range(index), scratch: scratch, pool: pool) }
    }
  }

  private func runShared(
    _ call: Arithmetic.Call, _ block: Range<Int>, scratch: UnsafeMutableRawPointer, pool: ThreadPool
  ) {
    let shared = Memory(start: scratch)
    // Panels that do not divide among the threads are cut in two.
    let isCut = panels % pool.threads != 0 && block.count > 2 * tileRows
    let parts = GemmRows(rows: block.count, count: isCut ? 2 : 1)
    let chunk = 2
    pool.run(tasks: (block.count + chunk - 1) / chunk + 1) { task, worker in
      guard task > 0 else { return fillPointers(shared, parts) }
      let first = (task - 1) * chunk
      transformInput(
        call, block, first..<min(first + chunk, block.count), to: shared,
        work: Memory(start: scratch + worker * workerBytes))
    }
    pool.run(tasks: panels * parts.count) { task, worker in
      let (panel, part) = task.quotientAndRemainder(dividingBy: parts.count)
      multiply(
        call, block, panel: panel, part: part, of: parts, from: shared,
        work: Memory(start: scratch + worker * workerBytes))
    }
  }

  // MARK: Stages

  /// (parts, elements, register tiles, tileRows) pointers to rows of the transformed input of a block's tiles.
  private func fillPointers(_ memory: Memory, _ parts: GemmRows) {
    var to = pointers(memory)
    for part in 0..<parts.count {
      let rows = GemmRows(rows: parts.height(part), tileRows: tileRows)
      for element in 0..<tiles.elements {
        var from = UnsafePointer(factors(memory)) + element * factorStride + parts.start(part) * channels
        for tile in 0..<rows.count {
          for slot in 0..<rows.height(tile) {
            to[slot] = from
            from += channels
          }
          to += tileRows
        }
      }
    }
  }

  /// The tiles at positions `chosen` of the block.
  private func transformInput(
    _ call: Arithmetic.Call, _ block: Range<Int>, _ chosen: Range<Int>, to: Memory, work: Memory
  ) {
    for index in chosen {
      arithmetic.transformInput(
        call, block.lowerBound + index, pixels: pixels(work), to: factors(to) + index * channels,
        elementStride: factorStride, work: self.work(work))
    }
  }

  /// The products of a part of the block's tiles with one panel, and from them that panel's channels of the output.
  private func multiply(
    _ call: Arithmetic.Call, _ block: Range<Int>, panel: Int, part: Int, of parts: GemmRows, from: Memory, work: Memory
  ) {
    let count = parts.height(part)
    let rows = GemmRows(rows: count, tileRows: tileRows).count * tileRows
    var pointers = UnsafePointer(pointers(from))
    for earlier in 0..<part {
      pointers += tiles.elements * GemmRows(rows: parts.height(earlier), tileRows: tileRows).count * tileRows
    }
    let products = sums(work)
    let stride = sumStride(count)
    var channel = 0
    while channel < channels {
      // No range has a single channel, but that of a layer which has no more.
      let end = channel + arithmetic.depth + 1 < channels ? channel + arithmetic.depth : channels
      let weights = arithmetic.weights(
        panel: panel, channels: channel..<end, memory: panelMemory(work), work: self.work(work))
      for element in 0..<tiles.elements {
        arithmetic.multiply(
          pointers + element * rows, count: count, panel: panel, channels: channel..<end, element: element,
          weights: weights, to: products + element * stride)
      }
      channel = end
    }
    let first = block.lowerBound + parts.start(part)
    arithmetic.transformOutput(
      call, first..<first + count, panel: panel, UnsafePointer(products), elementStride: stride, work: self.work(work))
  }
}
