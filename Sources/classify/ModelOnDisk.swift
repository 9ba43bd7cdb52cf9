// The model that was asked for, before the size of its images is known.

import Elements
import Glibc
import Network
import ONNX
import Streams

/// A model's file and everything that is stated about it; `loaded` makes of it what classifies images of one size.
struct ModelOnDisk {
  /// The file's name without its suffix.
  let name: String
  let path: String
  let preprocessing: StatedPreprocessing
  let labels: Labels
  let documents: ModelDocuments
  let flags: ModelFlags
  let model: Model

  init(_ flags: ModelFlags, _ contractFlags: ContractFlags, _ statistics: inout Statistics) throws {
    guard let path = flags.model ?? environment("CLASSIFY_MODEL") else { throw ConfigurationError.none }
    self.path = path
    self.flags = flags
    name = Self.baseName(path)
    model = try Self.read(path, &statistics)
    documents = try ModelDocuments(besides: path)
    labels = try Labels(flags, metadata: model.metadata, documents: documents)
    // A model that takes integers takes pixels, unless something else is stated.
    let takesIntegers = model.inputTypes.first.flatMap { $0?.isFloating } == false
    let pixels = takesIntegers ? Preprocessing(mean: [0], std: [1], scale: 1) : nil
    preprocessing = try Self.preprocessing(contractFlags, model.metadata, documents, path: path, or: pixels)
  }

  /// Whether each tensor is classified at its own size.
  var takesOwnSizes: Bool { flags.inputSize == nil && model.leavesImageSizeOpen }

  /// For the size of the flag or the model; for one whose size is open, the size that its documents state, or 224 × 224.
  func loaded() throws -> LoadedModel { try loaded(for: flags.inputSize.map(ImageSize.init) ?? usualSize) }

  /// For images of `size`, where the model leaves it open. Throws `ConfigurationError`.
  func loaded(for size: ImageSize) throws -> LoadedModel {
    let graph: Graph
    do { graph = try model.graph(imageSize: size) } catch {
      if takesOwnSizes, error.mayDependOnSize {
        throw ConfigurationError.unsuitableSize(path, size: "\(size.height)x\(size.width)", "\(error)")
      }
      throw ConfigurationError.unusable(path, "\(error)")
    }
    return try LoadedModel(self, graph)
  }

  private var usualSize: ImageSize {
    if let crop = preprocessing.crop { return ImageSize(height: crop.height, width: crop.width) }
    if case .exact(let width, let height)? = preprocessing.resize { return ImageSize(height: height, width: width) }
    return ImageSize(height: 224, width: 224)
  }

  private static func read(_ path: String, _ statistics: inout Statistics) throws -> Model {
    do {
      let file = try ModelFile(path: path)
      statistics.mark(.map)
      return try Model(file, open: ModelFile.opener(besides: path))
    } catch let error as SystemError {
      throw ConfigurationError.unreadable(error)
    } catch let error as ModelError {
      throw ConfigurationError.unusable(path, "\(error)")
    }
  }

  private static func preprocessing(
    _ flags: ContractFlags, _ metadata: [String: String], _ documents: ModelDocuments, path: String,
    or standard: Preprocessing?
  ) throws -> StatedPreprocessing {
    var sources = [("flags", flags.stated), ("model metadata", try Preprocessing(metadata: metadata, from: path))]
    if let ultralytics = try Preprocessing(ultralytics: metadata, path: path) {
      sources.append(("Ultralytics metadata", ultralytics))
    }
    sources += try documents.preprocessing()
    if let standard { sources.append(("the input's element type", standard)) }
    return try StatedPreprocessing(sources)
  }

  /// One line on standard error, once, where pixels are prepared as ImageNet's because nothing states otherwise.
  func reportAssumption() {
    guard preprocessing.assumesImageNet else { return }
    _ = Self.assumptionReport
  }

  private static let assumptionReport: Void = report(
    tool: Classify.name,
    reason:
      "nothing states the model's preprocessing: assuming ImageNet's mean and deviation (change: --preprocessing, --mean)"
  )

  private static func baseName(_ path: String) -> String {
    let file = path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(Substring($0)) } ?? path
    return file.hasSuffix(".onnx") ? String(file.dropLast(5)) : file
  }
}

extension ModelError {
  /// Whether another size of images might be accepted: only forms of operators were refused.
  fileprivate var mayDependOnSize: Bool {
    guard case .refused(let refusals) = self else { return false }
    return refusals.allSatisfy { if case .form = $0.reason { true } else { false } }
  }
}

extension ImageSize {
  fileprivate init(_ size: InputSize) { self.init(height: size.height, width: size.width) }
}

/// A variable that is set and not empty.
func environment(_ name: String) -> String? {
  guard let value = unsafe getenv(name) else { return nil }
  let text = unsafe String(cString: value)
  return text.isEmpty ? nil : text
}
