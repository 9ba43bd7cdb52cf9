// Bytes as ASCII characters: case, white space, digits. Nothing here depends on a locale.

extension UInt8 {
  /// `A` … `Z` as `a` … `z`, everything else as it is.
  @inlinable package var asciiLowercased: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }

  /// Space, tab, line feed or carriage return.
  @inlinable package var isASCIIWhitespace: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }

  /// `0` … `9`.
  @inlinable package var isASCIIDigit: Bool { (0x30...0x39).contains(self) }

  /// A letter `A` … `Z` or `a` … `z`.
  @inlinable package var isASCIILetter: Bool { (0x61...0x7A).contains(self | 0x20) }
}

extension Sequence where Element == UInt8 {
  /// Whether the bytes are the same but for the case of ASCII letters.
  @inlinable package func equalsIgnoringASCIICase(_ other: some Sequence<UInt8>) -> Bool {
    elementsEqual(other) { $0.asciiLowercased == $1.asciiLowercased }
  }
}

extension BidirectionalCollection where Element == UInt8 {
  /// Whether the bytes end in the text, but for the case of ASCII letters.
  @inlinable package func hasSuffixIgnoringASCIICase(_ text: String) -> Bool {
    suffix(text.utf8.count).equalsIgnoringASCIICase(text.utf8)
  }

  /// Without white space at both ends.
  @inlinable package var asciiTrimmed: SubSequence {
    guard let first = firstIndex(where: { !$0.isASCIIWhitespace }),
      let last = lastIndex(where: { !$0.isASCIIWhitespace })
    else { return self[startIndex..<startIndex] }
    return self[first...last]
  }
}

extension StringProtocol {
  /// Without ASCII white space at both ends.
  @inlinable package var asciiTrimmed: String { String(decoding: Array(Array(utf8).asciiTrimmed), as: UTF8.self) }

  /// ASCII letters in lower case, everything else as it is.
  @inlinable package var asciiLowercased: String { String(decoding: utf8.map(\.asciiLowercased), as: UTF8.self) }
}

extension String {
  /// Whether the texts are the same but for the case of ASCII letters. Not generic: unspecialized, the comparisons of
  /// header names took a twelfth of a small transfer's time.
  package func equalsIgnoringASCIICase(_ other: String) -> Bool {
    utf8.count == other.utf8.count && utf8.equalsIgnoringASCIICase(other.utf8)
  }
}
