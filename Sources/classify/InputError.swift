// The per-item errors of `classify`: codes and messages of its error records.

import Streams

/// Why an item, or the whole input, cannot be classified.
enum InputError: ReportableError, Equatable {
  case empty
  case jpeg
  case notTensors(String)
  case tooLarge(limit: Int)
  case npy(NpyHeader.Malformed)
  /// A tar member that is not a tensor.
  case notNpy
  case notFile(String)
  case badRecord
  case geometry(tensor: String, model: String, hint: String)
  /// A model whose size is open cannot take this one.
  case unsuitableSize(height: Int, width: Int, reason: String)
  /// The network's answer has infinities or NaN.
  case notFinite

  var status: ExitStatus { .data }

  var code: String {
    switch self {
    case .empty, .jpeg, .notTensors, .notNpy: "not-a-tensor"
    case .tooLarge: "too-large"
    case .npy: "bad-npy"
    case .notFile: "not-a-file"
    case .badRecord: "bad-error-record"
    case .geometry, .unsuitableSize: "wrong-geometry"
    case .notFinite: "not-finite"
    }
  }

  var reason: String {
    switch self {
    case .empty: "standard input is empty; an .npy or a tar of them is expected"
    case .jpeg: "standard input is a JPEG image; decode it first: imgdecode < FILE | classify"
    case .notTensors(let what): "standard input is \(what); an .npy or a tar of them is expected"
    case .tooLarge(let limit): "a tensor of more than \(limit) bytes"
    case .npy(let fault): fault.reason
    case .notNpy: "its name does not end in .npy"
    case .notFile(let kind): "it is \(kind), not a file"
    case .badRecord: "its name ends in .error.json, but it is not an error record for that name"
    case .geometry(let tensor, let model, let hint): "the tensor is \(tensor), the model takes \(model); \(hint)"
    case .unsuitableSize(let height, let width, let reason):
      "the model cannot take images of \(height)x\(width): \(reason); make them of one size that suits it (--input-size)"
    case .notFinite: "the model's answer is not finite"
    }
  }

  func record(for name: ItemName) -> ErrorRecord {
    ErrorRecord(image: name, tool: Classify.name, code: code, message: reason)
  }
}
