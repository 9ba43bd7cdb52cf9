// The size of an object as a service states it.

import ASCII

/// Decimal digits without a sign, at most 64 TiB; nil for any other text. No service stores larger objects: 50 TB are
/// the limit of AWS. Sums of positions in such an object cannot overflow.
func objectSize(_ text: some StringProtocol) -> Int64? {
  guard text.utf8.allSatisfy(\.isASCIIDigit), let size = Int64(text), size <= 1 << 46 else { return nil }
  return size
}
