// One easy handle and the request that is on it: options in, callbacks, the result out. Used again and again.
import ASCII
import CCurl
import Glibc
import HTTPFields
import POSIX

/// Owns a curl easy handle, from `init` to `deinit`. The address of the object is curl's user pointer, so the client
/// keeps it alive while the handle is in its multi.
@safe
final class Transfer {
  /// Curl's easy handle; read by `Multi`, which adds and removes it.
  let easy: UnsafeMutableRawPointer
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private var errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
  private var request: Request?
  /// Of the request that is on the handle, or was last.
  private(set) var id: Client.RequestID = 0
  private var completion: ((Result<Response, HTTPError>) -> Void)?

  // The answer so far.
  private var headers = HeaderFields()
  private var headerBytes = 0
  private var body = ReceivedBody(sink: .memory(limit: 0))
  /// Bytes in either direction when the client last looked, and the time on its clock of waiting when there were fewer.
  private var moved: Int64 = 0
  private var lastMoved = 0.0
  // The request's file, how far it is sent.
  private var sent: Int64 = 0
  private var sourceFailure: HTTPError?

  /// The limit of all response headers together, so that a hostile server cannot exhaust memory.
  private static let headerLimit = 256 << 10

  /// Bytes of curl's buffers for what may be large: fewer system calls and changes of threads, and still little memory
  /// with 32 transfers at once.
  private static let receiveBuffer = 512 << 10
  private static let sendBuffer = 256 << 10

  init() throws(HTTPError) {
    guard let easy = unsafe curl_easy_init() else { throw .other(code: Int(ENOMEM), message: "no curl handle") }
    unsafe self.easy = easy
  }

  deinit {
    unsafe curl_easy_cleanup(easy)
    unsafe curl_slist_free_all(headerList)
    unsafe errorText.deallocate()
  }

  // MARK: From the client

  /// Prepares the handle for a request. Connections, names and TLS sessions that it knows are kept.
  ///
  /// - Parameter now: on the clock of `move`.
  func begin(
    _ id: Client.RequestID, _ request: Request, now: Double,
    completion: @escaping (Result<Response, HTTPError>) -> Void
  ) throws(HTTPError) {
    self.id = id
    moved = 0
    lastMoved = now
    headers.removeAll(keepingCapacity: true)
    headerBytes = 0
    body = ReceivedBody(sink: request.sink)
    sent = 0
    sourceFailure = nil
    unsafe errorText[0] = 0
    unsafe curl_easy_reset(easy)

    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_PROTOCOLS_STR, "http,https")
    set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    set(CURLOPT_PATH_AS_IS, 1)
    set(CURLOPT_TCP_NODELAY, 1)
    set(CURLOPT_TCP_KEEPALIVE, 1)
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    // Curl allocates its buffers anew for each request: only what may be large is worth more than the usual ones.
    if case .chunks = request.sink { set(CURLOPT_BUFFERSIZE, Self.receiveBuffer) }
    if case .file = request.body { set(CURLOPT_UPLOAD_BUFFERSIZE, Self.sendBuffer) }
    unsafe _ = ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
    let user = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe _ = ccurl_set_pointer(easy, CURLOPT_PRIVATE, user)
    unsafe ccurl_on_write(easy, onWrite, user)
    unsafe ccurl_on_header(easy, onHeader, user)

    guard !request.url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else { throw .badURL(request.url) }
    set(CURLOPT_URL, request.url)
    try setOptions(request.options, url: request.url)
    try setHeaders(request)
    unsafe try setMethodAndBody(request, user: user)
    self.request = request
    self.completion = completion
  }

  /// The handle is out of the multi: the result, handed to the completion.
  func end(_ code: CURLcode) {
    let result = result(code)
    let completion = self.completion
    clear()
    completion?(result)
  }

  func cancel(with error: HTTPError) {
    let completion = self.completion
    clear()
    completion?(.failure(error))
  }

  private func clear() {
    request = nil
    completion = nil
    body = ReceivedBody(sink: .memory(limit: 0))
  }

  /// Whether bytes have moved since the last call.
  func move(now: Double) -> Bool {
    let count = unsafe Int64(headerBytes) + body.received + Int64(ccurl_get_offset(easy, CURLINFO_SIZE_UPLOAD_T))
    guard count != moved else { return false }
    moved = count
    lastMoved = now
    return true
  }

  /// Seconds without a byte, where they are more than the request allows.
  ///
  /// - Parameter others: seconds in which no transfer of the client has moved.
  func excessiveSilence(now: Double, others: Double) -> Double? {
    guard let options = request?.options else { return nil }
    let silence = now - lastMoved
    let isOver = silence >= options.silenceLimit || options.outageLimit.map { min(silence, others) >= $0 } ?? false
    return isOver ? silence : nil
  }

  /// Whether all of the request is with the network, so that the server may carry it out.
  var isSent: Bool {
    guard let request, unsafe ccurl_get_long(easy, CURLINFO_REQUEST_SIZE) > 0 else { return false }
    return unsafe Int64(ccurl_get_offset(easy, CURLINFO_SIZE_UPLOAD_T)) >= request.body.length
  }

  // MARK: Options

  private func setOptions(_ options: Request.Options, url: String) throws(HTTPError) {
    set(CURLOPT_CONNECTTIMEOUT_MS, options.connectTimeout)
    if let total = options.totalTimeout { set(CURLOPT_TIMEOUT_MS, max(total, 1)) }
    switch options.proxy {
    case .fromEnvironment: if let proxy = capitalProxy(for: url) { set(CURLOPT_PROXY, proxy) }
    case .none:
      set(CURLOPT_PROXY, "")
      set(CURLOPT_NOPROXY, "*")
    }
    // Curl keeps the parsed bundle for later connections only where no folder of certificates is set.
    unsafe _ = ccurl_set_string(easy, CURLOPT_CAPATH, nil)
    if let bundle = options.caBundle { set(CURLOPT_CAINFO, bundle) }
  }

  private func setHeaders(_ request: Request) throws(HTTPError) {
    unsafe curl_slist_free_all(headerList)
    unsafe headerList = nil
    var automatic: [(name: String, without: String)] = [
      ("accept", "Accept:"), ("expect", "Expect:"), ("content-type", "Content-Type:"),
    ]
    for (name, value) in request.headers {
      guard !name.isEmpty, !name.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F || $0 == UInt8(ascii: ":") }),
        !value.utf8.contains(where: { $0 == 0 || $0 == 0x0A || $0 == 0x0D })
      else { throw .badHeader(name: name) }
      automatic.removeAll { $0.name.equalsIgnoringASCIICase(name) }
      // Curl takes "Name:" as "leave this header out" and "Name;" as "send it empty".
      try append(value.isEmpty ? "\(name);" : "\(name): \(value)")
    }
    for header in automatic { try append(header.without) }
    unsafe _ = ccurl_set_pointer(easy, CURLOPT_HTTPHEADER, headerList)
  }

  private func append(_ line: String) throws(HTTPError) {
    guard let longer = unsafe curl_slist_append(headerList, line) else {
      throw .other(code: Int(ENOMEM), message: "no memory for headers")
    }
    unsafe headerList = longer
  }

  private func setMethodAndBody(_ request: Request, user: UnsafeMutableRawPointer) throws(HTTPError) {
    switch (request.method, request.body) {
    case ("GET", .none): set(CURLOPT_HTTPGET, 1)
    case ("HEAD", .none): set(CURLOPT_NOBODY, 1)
    case ("PUT", .none), ("POST", .none):
      // These are sent with `Content-Length: 0`; S3 wants one.
      setBytes([])
      set(CURLOPT_CUSTOMREQUEST, request.method)
    case (_, .none):
      set(CURLOPT_HTTPGET, 1)
      set(CURLOPT_CUSTOMREQUEST, request.method)
    case (_, .bytes(let bytes)):
      setBytes(bytes)
      set(CURLOPT_CUSTOMREQUEST, request.method)
    case (_, .file(_, _, let length, _)):
      set(CURLOPT_UPLOAD, 1)
      set(CURLOPT_CUSTOMREQUEST, request.method)
      unsafe _ = ccurl_set_offset(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(length))
      unsafe ccurl_on_read(easy, onRead, user)
      unsafe ccurl_on_seek(easy, onSeek, user)
    }
  }

  /// Curl's own copy, which it sends in one write with the header when it is small.
  private func setBytes(_ bytes: [UInt8]) {
    unsafe _ = ccurl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
    unsafe bytes.withUnsafeBytes {
      unsafe _ = ccurl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, $0.baseAddress ?? UnsafeRawPointer(errorText))
    }
  }

  private func set(_ option: CURLoption, _ value: Int) { unsafe _ = ccurl_set_long(easy, option, value) }

  private func set(_ option: CURLoption, _ value: String) { unsafe _ = ccurl_set_string(easy, option, value) }

  // MARK: From curl's callbacks

  private var status: Int { unsafe ccurl_get_long(easy, CURLINFO_RESPONSE_CODE) }

  private var declaredLength: Int64 { unsafe Int64(ccurl_get_offset(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T)) }

  fileprivate func receive(_ chunk: UnsafeRawBufferPointer) -> Int {
    unsafe body.receive(chunk, status: status, headers: headers, expected: declaredLength) ? chunk.count : 0
  }

  fileprivate func receive(header line: UnsafeRawBufferPointer) -> Int {
    headerBytes += line.count
    guard headerBytes <= Self.headerLimit else { return 0 }
    // A status line starts anew: what came before it belonged to a 1xx.
    if unsafe line.starts(with: "HTTP/".utf8) {
      headers.removeAll(keepingCapacity: true)
    } else {
      unsafe headers.append(line: line)
    }
    return line.count
  }

  fileprivate func send(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard case .file(let descriptor, let offset, let length, let observer) = request?.body else { return 0 }
    let count = Int(min(Int64(buffer.count), length - sent))
    guard count > 0 else { return 0 }
    do throws(Errno) {
      let read = try unsafe POSIX.read(
        descriptor, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]), at: offset + sent)
      guard read > 0 else { throw Errno(ENODATA) }
      sent += Int64(read)
      if let observer {
        let total = sent
        guard Loop.assumeIsolated({ observer(total) }) else { throw Errno(ESTALE) }
      }
      return read
    } catch {
      sourceFailure = .source(errno: error.code)
      return Int(CURL_READFUNC_ABORT)
    }
  }

  fileprivate func seek(to offset: Int64) { sent = offset }

  // MARK: Result

  private func result(_ code: CURLcode) -> Result<Response, HTTPError> {
    if let failure = body.failure ?? sourceFailure { return .failure(failure) }
    if headerBytes > Self.headerLimit { return .failure(.tooLarge(limit: Int64(Self.headerLimit))) }
    guard code == CURLE_OK || body.isTruncated else { return .failure(error(code)) }
    return .success(
      Response(status: status, headers: headers, body: body.bytes, bytesReceived: body.received))
  }

  private func error(_ code: CURLcode) -> HTTPError {
    var message = unsafe String(cString: errorText)
    if message.isEmpty { message = unsafe String(cString: curl_easy_strerror(code)) }
    let url = request?.url ?? ""
    switch code {
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: return .resolve(host: host(of: url))
    case CURLE_COULDNT_CONNECT, CURLE_PROXY: return .connect(host: host(of: url), message: message)
    case CURLE_SSL_CONNECT_ERROR where isBrokenConnection(message): return .reset(message: message)
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
      CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_ENGINE_INITFAILED:
      return .tls(message: message)
    case CURLE_OPERATION_TIMEDOUT:
      return .timeout(seconds: unsafe Double(ccurl_get_offset(easy, CURLINFO_TOTAL_TIME_T)) / 1e6)
    case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING: return .reset(message: message)
    case CURLE_PARTIAL_FILE: return .truncated(expected: declaredLength, received: body.received)
    case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: return .badURL(url)
    default: return .other(code: Int(code.rawValue), message: message)
    }
  }
}

/// `HTTP_PROXY`, which the AWS tools read and curl does not: where a program is a CGI script, the client sets it by a
/// header of its request (https://httpoxy.org), so there it counts for nothing.
private func capitalProxy(for url: String) -> String? {
  guard url.hasPrefix("http://"), unsafe getenv("http_proxy") == nil, unsafe getenv("REQUEST_METHOD") == nil,
    let value = unsafe getenv("HTTP_PROXY")
  else { return nil }
  let proxy = unsafe String(cString: value)
  return proxy.isEmpty ? nil : proxy
}

/// Whether a failed handshake failed because the connection broke; libcurl has one code for both.
private func isBrokenConnection(_ message: String) -> Bool {
  ["SSL_ERROR_SYSCALL", "reset by peer", "unexpected eof", "Broken pipe"].contains { message.contains($0) }
}

/// The authority of a URL that curl has accepted, for a message.
private func host(of url: String) -> String {
  guard let scheme = url.firstRange(of: "://") else { return url }
  return String(url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" })
}

private func transfer(_ user: UnsafeMutableRawPointer?) -> Transfer {
  unsafe Unmanaged<Transfer>.fromOpaque(user!).takeUnretainedValue()
}

private let onWrite: curl_write_callback = { data, size, count, user in
  unsafe transfer(user).receive(UnsafeRawBufferPointer(start: data, count: size * count))
}

private let onHeader: curl_write_callback = { data, size, count, user in
  unsafe transfer(user).receive(header: UnsafeRawBufferPointer(start: data, count: size * count))
}

private let onRead: curl_read_callback = { data, size, count, user in
  unsafe transfer(user).send(into: UnsafeMutableRawBufferPointer(start: data, count: size * count))
}

private let onSeek: curl_seek_callback = { user, offset, origin in
  guard origin == SEEK_SET else { return CURL_SEEKFUNC_CANTSEEK }
  unsafe transfer(user).seek(to: Int64(offset))
  return CURL_SEEKFUNC_OK
}
