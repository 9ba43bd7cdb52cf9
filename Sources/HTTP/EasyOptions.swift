// A request as the options of curl's easy handle.

import ASCII
import CCurl
import Glibc
import HTTPFields

/// Bytes of curl's buffers for what may be large: fewer system calls and changes of threads, and still little memory
/// with 32 transfers at once.
private let receiveBuffer = 512 << 10
private let sendBuffer = 256 << 10

extension EasyHandle {
  /// Sets all options for a request but the callbacks.
  ///
  /// - Throws: `badURL` and `badHeader` where bytes of the request would break its framing.
  mutating func configure(for request: Request) throws(HTTPError) {
    reset()
    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_PROTOCOLS_STR, "http,https")
    set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    set(CURLOPT_PATH_AS_IS, 1)
    set(CURLOPT_TCP_NODELAY, 1)
    set(CURLOPT_TCP_KEEPALIVE, 1)
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    // Curl allocates its buffers for each request: only large transfers are worth more than the default sizes.
    if case .chunks = request.sink { set(CURLOPT_BUFFERSIZE, receiveBuffer) }
    if case .file = request.body { set(CURLOPT_UPLOAD_BUFFERSIZE, sendBuffer) }
    guard !request.url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else { throw .badURL(request.url) }
    set(CURLOPT_URL, request.url)
    setLimits(request.options, url: request.url)
    try set(headerLines: try headerLines(request.headers))
    setMethodAndBody(request)
  }

  private func setLimits(_ options: Request.Options, url: String) {
    set(CURLOPT_CONNECTTIMEOUT_MS, options.connectTimeout)
    if let total = options.totalTimeout { set(CURLOPT_TIMEOUT_MS, max(total, 1)) }
    switch options.proxy {
    case .fromEnvironment: if let proxy = capitalProxy(for: url) { set(CURLOPT_PROXY, proxy) }
    case .none:
      set(CURLOPT_PROXY, "")
      set(CURLOPT_NOPROXY, "*")
    }
    // Curl keeps the parsed bundle for later connections only where no folder of certificates is set.
    unsafe _ = ccurl_set_string(pointer, CURLOPT_CAPATH, nil)
    if let bundle = options.caBundle { set(CURLOPT_CAINFO, bundle) }
  }

  private func setMethodAndBody(_ request: Request) {
    switch (request.method, request.body) {
    case ("GET", .none): set(CURLOPT_HTTPGET, 1)
    case ("HEAD", .none): set(CURLOPT_NOBODY, 1)
    case ("PUT", .none), ("POST", .none):
      // These are sent with `Content-Length: 0`, which S3 requires.
      set(body: [])
      set(CURLOPT_CUSTOMREQUEST, request.method)
    case (_, .none):
      set(CURLOPT_HTTPGET, 1)
      set(CURLOPT_CUSTOMREQUEST, request.method)
    case (_, .bytes(let bytes)):
      set(body: bytes)
      set(CURLOPT_CUSTOMREQUEST, request.method)
    case (_, .file(_, _, let length, _)):
      set(CURLOPT_UPLOAD, 1)
      set(CURLOPT_CUSTOMREQUEST, request.method)
      unsafe _ = ccurl_set_offset(pointer, CURLOPT_INFILESIZE_LARGE, curl_off_t(length))
    }
  }
}

/// Header lines in curl's syntax, those left out that curl would add by itself.
private func headerLines(_ headers: HeaderFields) throws(HTTPError) -> [String] {
  var lines = [String]()
  var automatic: [(name: String, without: String)] = [
    ("accept", "Accept:"), ("expect", "Expect:"), ("content-type", "Content-Type:"),
  ]
  for (name, value) in headers {
    guard !name.isEmpty, !name.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F || $0 == UInt8(ascii: ":") }),
      !value.utf8.contains(where: { $0 == 0 || $0 == 0x0A || $0 == 0x0D })
    else { throw .badHeader(name: name) }
    automatic.removeAll { $0.name.equalsIgnoringASCIICase(name) }
    lines.append(value.isEmpty ? "\(name);" : "\(name): \(value)")
  }
  return lines + automatic.map(\.without)
}

/// `HTTP_PROXY`, which the AWS tools read and curl does not. It is ignored in CGI scripts, where the client can set it
/// by a header of its request (https://httpoxy.org).
private func capitalProxy(for url: String) -> String? {
  guard url.hasPrefix("http://"), unsafe getenv("http_proxy") == nil, unsafe getenv("REQUEST_METHOD") == nil,
    let value = unsafe getenv("HTTP_PROXY")
  else { return nil }
  let proxy = unsafe String(cString: value)
  return proxy.isEmpty ? nil : proxy
}
