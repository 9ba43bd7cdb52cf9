// Takes a JSON object's members one by one, so that members that were not read are known at the end.

/// Reads members of an object that `source` holds.
struct DocumentReader {
  private let members: [String: JSONValue]
  private let source: String
  private var known: Set<String> = []

  init(_ members: [String: JSONValue], source: String) {
    self.members = members
    self.source = source
  }

  /// Members that change nothing about the pixels.
  mutating func ignore(_ keys: [String]) { known.formUnion(keys) }

  /// The member through `convert`; nil where it is absent or null. Throws `ConfigurationError.contract` where `convert` refuses it.
  @discardableResult
  mutating func value<Value>(_ key: String, _ convert: (JSONValue) -> Value?) throws -> Value? {
    known.insert(key)
    guard let member = members[key], member != .null else { return nil }
    guard let value = convert(member) else { throw ConfigurationError.contract(source: source, key: key) }
    return value
  }

  /// Throws `ConfigurationError.unknownKey` for a member that was neither read nor ignored.
  func finish() throws {
    if let key = members.keys.filter({ !known.contains($0) }).min() {
      throw ConfigurationError.unknownKey(source: source, key: key)
    }
  }
}
