// Finds a key that an object has twice, without comparing every pair.

/// The keys of one object: a few are compared one by one, many are hashed.
struct JSONKeys {
  private var few: [ArraySlice<UInt8>] = []
  private var many: Set<ArraySlice<UInt8>> = []

  /// False where the object has this key already.
  mutating func insert(_ key: ArraySlice<UInt8>) -> Bool {
    if many.isEmpty {
      if few.contains(key) { return false }
      few.append(key)
      if few.count == 16 { many = Set(few) }
      return true
    }
    return many.insert(key).inserted
  }
}
