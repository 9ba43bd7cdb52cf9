// The page for people: HTML from a file, sent with a policy that allows what is in it and nothing else.

import HTTPFields

/// An HTML page whose `script` and `style` elements carry `nonce="{{nonce}}"`.
struct Page {
  private let pieces: [Substring]

  init(html: String) { pieces = html.split(separator: "{{nonce}}", omittingEmptySubsequences: false) }

  /// The page with a nonce used once (Content Security Policy level 3, section 6.1).
  func answer(nonce: String = randomNonce()) -> HTTPAnswer {
    let policy =
      "default-src 'none'; script-src 'nonce-\(nonce)'; style-src 'nonce-\(nonce)'; img-src blob:; "
      + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return HTTPAnswer(
      200, contentType: "text/html; charset=utf-8",
      headers: [
        ("content-security-policy", policy), ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"), ("cache-control", "no-store"),
      ],
      body: pieces.joined(separator: nonce))
  }
}

/// 128 bits of the system's randomness in hexadecimal.
private func randomNonce() -> String {
  var generator = SystemRandomNumberGenerator()
  return String(generator.next() as UInt64, radix: 16) + String(generator.next() as UInt64, radix: 16)
}
