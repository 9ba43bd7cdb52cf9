// 3×3 convolution, stride 1, by Winograd's minimal filtering (Lavin & Gray 2016): per tile of outputs × outputs pixels,
// (outputs + 2)² products of matrices over channels instead of 9 · outputs².
//
// A tile's results mix all its inputs, so a NaN or infinity in one pixel may reach every output of the tiles that see it.

internal import KernelTemplates

/// F(outputs × outputs, 3 × 3).
struct WinogradConvolution: ConvolutionAlgorithm {
  let shape: ConvolutionShape
  let outputs: Int
  var name: String { "winograd \(outputs)x\(outputs)" }
  private let maxBatch: Int
  private let threads: Int
  private let stages: WinogradStages

  init(
    shape: ConvolutionShape, outputs: Int, maxBatch: Int, weights: ConvolutionWeights, bias: UnsafePointer<Float>?,
    kernels: KernelTable, pool: ThreadPool
  ) {
    self.shape = shape
    self.outputs = outputs
    self.maxBatch = maxBatch
    threads = pool.threads
    stages = WinogradStages(
      shape: shape, outputs: outputs, maxTiles: maxBatch * shape.tiles(of: outputs), weights: weights, bias: bias,
      kernels: kernels, pool: pool)
  }

  var scratchFloats: Int { threads * stages.workerFloats }

  /// A block whose tiles fill two register tiles or more computes at full speed by itself, so where there is such a block for every
  /// thread, each thread takes its blocks through all three stages: no thread waits for another, and a block's values stay in its
  /// thread's L2. Otherwise all threads work on one block, share its transformed tiles and divide the output channels, so that each
  /// panel of weights is read by one thread only.
  func run(_ call: ConvolutionCall) {
    precondition(call.pool.threads <= threads && call.batch <= maxBatch)
    let tiles = call.batch * shape.tiles(of: outputs)
    let workers = call.pool.threads
    if workers == 1 || tiles >= workers * 2 * stages.tileRows {
      let atLeast = (tiles + stages.blockTiles - 1) / stages.blockTiles
      let blocks = GemmRows(rows: tiles, count: (atLeast + workers - 1) / workers * workers)
      call.pool.run(tasks: blocks.count) { task, worker in
        let block = blocks.range(task)
        let memory = stages.memory(call.scratch, worker: worker)
        stages.fillPointers(memory, block.count, parts: GemmRows(rows: block.count, count: 1))
        stages.transformInput(call, block, 0..<block.count, to: memory, work: memory)
        for panel in 0..<stages.panels {
          stages.multiply(
            call, block, panel: panel, part: 0, of: GemmRows(rows: block.count, count: 1), from: memory, work: memory)
        }
      }
    } else {
      let blocks = GemmRows(rows: tiles, tileRows: stages.blockTiles)
      for index in 0..<blocks.count { runShared(call, blocks.range(index)) }
    }
  }

  private func runShared(_ call: ConvolutionCall, _ block: Range<Int>) {
    let shared = stages.memory(call.scratch, worker: 0)
    // Panels that do not divide among the threads are cut in two.
    let isCut = stages.panels % call.pool.threads != 0 && block.count > 2 * stages.tileRows
    let parts = GemmRows(rows: block.count, count: isCut ? 2 : 1)
    let chunk = 2
    call.pool.run(tasks: (block.count + chunk - 1) / chunk + 1) { task, worker in
      guard task > 0 else { return stages.fillPointers(shared, block.count, parts: parts) }
      let first = (task - 1) * chunk
      stages.transformInput(
        call, block, first..<min(first + chunk, block.count), to: shared,
        work: stages.memory(call.scratch, worker: worker))
    }
    call.pool.run(tasks: stages.panels * parts.count) { task, worker in
      let (panel, part) = task.quotientAndRemainder(dividingBy: parts.count)
      stages.multiply(
        call, block, panel: panel, part: part, of: parts, from: shared,
        work: stages.memory(call.scratch, worker: worker))
    }
  }
}

extension ConvolutionShape {
  func tilesDown(of outputs: Int) -> Int { (outHeight + outputs - 1) / outputs }
  func tilesAcross(of outputs: Int) -> Int { (outWidth + outputs - 1) / outputs }
  /// Of one image.
  func tiles(of outputs: Int) -> Int { tilesDown(of: outputs) * tilesAcross(of: outputs) }
}
