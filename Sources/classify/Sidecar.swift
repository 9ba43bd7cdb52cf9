import FoundationEssentials
import Streams

/// `MODEL.json` beside `MODEL.onnx`: the same keys as the model's metadata properties, for a model that has none.
struct Sidecar {
  let path: String
  let values: [String: String]

  /// nil where there is no such file. Throws `ConfigurationError.contract` where it is no JSON object.
  init?(besides model: String) throws {
    path = (model.hasSuffix(".onnx") ? String(model.dropLast(5)) : model) + ".json"
    let text: [UInt8]
    do throws(SystemError) {
      let file = try MappedFile(path: path)
      text = unsafe Array(file.bytes)
    } catch {
      if error.code == 2 { return nil }
      throw ConfigurationError.unreadable(error)
    }
    guard let object = try? JSONDecoder().decode([String: JSONValue].self, from: Data(text)) else {
      throw ConfigurationError.contract(source: path, key: "the whole file")
    }
    values = object.compactMapValues(\.text)
  }
}

/// A value as metadata would state it: a text as it is, numbers and arrays as JSON.
private enum JSONValue: Decodable {
  case text(String)
  case number(Double)
  case numbers([Double])
  case texts([String])
  case other

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let text = try? container.decode(String.self) {
      self = .text(text)
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else if let numbers = try? container.decode([Double].self) {
      self = .numbers(numbers)
    } else if let texts = try? container.decode([String].self) {
      self = .texts(texts)
    } else {
      self = .other
    }
  }

  var text: String? {
    switch self {
    case .text(let text): text
    case .number(let number): "\(number)"
    case .numbers(let numbers): "[" + numbers.map { "\($0)" }.joined(separator: ",") + "]"
    case .texts(let texts): (try? JSONEncoder().encode(texts)).map { String(decoding: $0, as: UTF8.self) }
    case .other: nil
    }
  }
}

/// The texts of a JSON array; nil for anything else.
func jsonTexts(_ text: String) -> [String]? { try? JSONDecoder().decode([String].self, from: Data(text.utf8)) }
