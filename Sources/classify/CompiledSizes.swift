// The model compiled for the sizes of the tensors that arrive.

import Network
import ONNX
import Streams

/// Compiles a model for each size of images it is given, where its size is open, and keeps the last few. Used from one thread.
///
/// The result for a tensor does not depend on the sizes before it: a size that was dropped is compiled again, to the
/// same network.
final class CompiledSizes {
  /// The most sizes kept, each with packed weights and memory of its own; the least recently used is dropped.
  static let limit = 4
  /// Of one image, for sizes that come from the input: 2 GiB.
  private static let memoryLimit = 2 << 30

  private let file: ModelOnDisk
  private let options: CompileOptions
  /// The only size of a model that states one.
  private let only: CompiledModel?
  /// Most recently used last. A size that the model cannot take is remembered too.
  private var recent: [(size: ImageSize, result: Result<CompiledModel, InputError>)] = []

  /// Throws `ConfigurationError` where the model is unusable at any size.
  init(_ file: ModelOnDisk, _ options: CompileOptions, _ statistics: inout Statistics) throws {
    (self.file, self.options) = (file, options)
    if file.takesOwnSizes {
      if options.timesSteps { throw ConfigurationError.sizeRequired(flag: "--profile") }
      // Errors that every size has are reported before any input is read.
      do { _ = try file.loaded() } catch ConfigurationError.unsuitableSize {}
      statistics.mark(.read)
      only = nil
    } else {
      let model = try file.loaded()
      statistics.mark(.read)
      only = try CompiledModel(model, options)
    }
    statistics.mark(.compile)
  }

  /// The steps of the only size.
  var network: Network? { only?.network }

  /// The model for the images of `tensor`. Throws `InputError.geometry` where the model takes another size, `.unsuitableSize` where
  /// its size is open but it cannot take this one.
  func model(for tensor: InputTensor) throws -> CompiledModel {
    let compiled = try only ?? compiled(for: ImageSize(height: tensor.height, width: tensor.width))
    guard compiled.model.fits(tensor) else {
      let model = compiled.model
      throw InputError.geometry(tensor: tensor.description, model: model.geometry, hint: model.hint(for: tensor))
    }
    if tensor.contents == .pixels { file.reportAssumption() }
    return compiled
  }

  private func compiled(for size: ImageSize) throws -> CompiledModel {
    let entry: (size: ImageSize, result: Result<CompiledModel, InputError>)
    if let position = recent.firstIndex(where: { $0.size == size }) {
      entry = recent.remove(at: position)
    } else {
      if recent.count == Self.limit { recent.removeFirst() }
      entry = (size, Result { () throws(InputError) in try compile(size) })
    }
    recent.append(entry)
    return try entry.result.get()
  }

  private func compile(_ size: ImageSize) throws(InputError) -> CompiledModel {
    func unsuitable(_ reason: String) -> InputError {
      .unsuitableSize(height: size.height, width: size.width, reason: reason)
    }
    do {
      let compiled = try CompiledModel(try file.loaded(for: size), options)
      let bytes = compiled.network.requestBytes
      guard bytes <= Self.memoryLimit else { throw unsuitable("an image takes \(bytes) bytes of memory") }
      return compiled
    } catch let error as InputError {
      throw error
    } catch ConfigurationError.unsuitableSize(_, _, let reason) {
      throw unsuitable(reason)
    } catch let error as any ReportableError {
      throw unsuitable(error.reason)
    } catch {
      throw unsuitable("\(error)")
    }
  }
}
