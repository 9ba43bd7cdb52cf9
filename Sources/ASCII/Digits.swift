// Numbers in digits.

/// The digits with zeros before them, up to a width.
package func zeroPadded(_ digits: String, to width: Int) -> String {
  String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
