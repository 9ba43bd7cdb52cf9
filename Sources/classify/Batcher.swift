import Network
import Streams

/// Collects images until a batch is full, or until someone would have to wait, and delivers the answers in order.
final class Batcher {
  private let network: Network
  private let model: LoadedModel
  private let table: [Float]
  private let profile: Profile?
  private let deliver: (ItemName, [Float]) throws -> Void
  private var waiting: [ItemName] = []
  private(set) var statistics: Statistics

  /// - Parameter deliver: called once per image with its (classes) probabilities.
  init(
    _ network: Network, _ model: LoadedModel, profile: Profile?, statistics: Statistics,
    deliver: @escaping (ItemName, [Float]) throws -> Void
  ) {
    self.network = network
    self.model = model
    self.profile = profile
    self.statistics = statistics
    self.deliver = deliver
    table = model.contract.table
  }

  /// Throws `InputError.geometry` where the tensor is not the model's; several images in one get `#0`, `#1`, … after
  /// their name.
  func submit(_ name: ItemName, _ tensor: InputTensor) throws {
    guard tensor.channels == model.channels, tensor.height == model.height, tensor.width == model.width else {
      throw InputError.geometry(tensor: tensor.description, model: model.geometry, hint: model.hint(for: tensor))
    }
    for image in 0..<tensor.images {
      statistics.began()
      write(tensor, image, slot: waiting.count)
      waiting.append(tensor.images == 1 ? name : name.appending("#\(image)"))
      if waiting.count == network.maxBatch { try drain() }
    }
  }

  private func write(_ tensor: InputTensor, _ image: Int, slot: Int) {
    let channelsLast = network.inputs[0].layout == .channelsLast
    let size = model.channels * model.height * model.width
    unsafe network.withInput(0) { buffer in
      let part = unsafe UnsafeMutableBufferPointer(rebasing: buffer[slot * size..<(slot + 1) * size])
      switch tensor.contents {
      case .pixels:
        unsafe tensor.write(pixels: table, isBGR: model.contract.isBGR, planes: !channelsLast, to: part)
      case .floats: unsafe tensor.write(floats: image, channelsLast: channelsLast, to: part)
      }
    }
  }

  /// Runs what is waiting and delivers it.
  func drain() throws {
    if waiting.isEmpty { return }
    let names = waiting
    waiting = []
    network.run(batch: names.count, observe: profile?.observer(batch: names.count))
    let classes = model.classes
    let rows = unsafe network.withOutput(0) { output in
      (0..<names.count).map { row in unsafe Array(output[row * classes..<(row + 1) * classes]) }
    }
    statistics.finished(images: names.count)
    for (name, row) in zip(names, rows) {
      try deliver(name, model.endsInSoftmax ? row : softmax(row))
    }
    statistics.delivered()
  }
}

/// e^x over the sum of all e^x. NaN and infinities stay what they make of it.
private func softmax(_ values: [Float]) -> [Float] {
  guard let largest = values.max() else { return [] }
  let powers = values.map { exponential($0 - largest) }
  let sum = powers.reduce(0, +)
  return powers.map { $0 / sum }
}
