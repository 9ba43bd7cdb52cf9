// One request on an easy handle, from its options to its result. The handle is used for one request after another.

import CCurl
import Glibc
import HTTPFields
import POSIX

/// A request in progress and the response received so far. The address of the object is curl's user pointer, so the
/// client keeps it alive while the handle is in its multi.
@safe
final class Transfer {
  private(set) var handle: EasyHandle
  private var request: Request?
  /// Of the request that is on the handle, or was last.
  private(set) var id: Client.RequestID = 0
  private var completion: ((Result<Response, HTTPError>) -> Void)?

  // The response so far.
  private var headers = HeaderFields()
  private var headerBytes = 0
  private var body = ReceivedBody(sink: .memory(limit: 0))
  /// Bytes in either direction at the last check, and when they last increased, on the clock of waiting.
  private var moved: Int64 = 0
  private var lastProgress = 0.0
  /// Bytes of the request's file that were handed to curl.
  private var sent: Int64 = 0
  private var sourceFailure: HTTPError?

  /// The limit of all response headers together, so that a hostile server cannot exhaust memory.
  private static let headerLimit = 256 << 10

  init() throws(HTTPError) { handle = try EasyHandle() }

  // MARK: From the client

  /// Prepares the handle for a request.
  ///
  /// - Parameter now: on the clock of `recordProgress`.
  func begin(
    _ id: Client.RequestID, _ request: Request, now: Double,
    completion: @escaping (Result<Response, HTTPError>) -> Void
  ) throws(HTTPError) {
    self.id = id
    moved = 0
    lastProgress = now
    headers.removeAll(keepingCapacity: true)
    headerBytes = 0
    body = ReceivedBody(sink: request.sink)
    sent = 0
    sourceFailure = nil
    try handle.configure(for: request)
    let user = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe setCallbacks(user, on: handle.pointer, sendsFile: request.body.isFile)
    self.request = request
    self.completion = completion
  }

  /// The handle is out of the multi: the result, handed to the completion.
  func end(_ code: CURLcode) { finish(result(code)) }

  func cancel(with error: HTTPError) { finish(.failure(error)) }

  private func finish(_ result: Result<Response, HTTPError>) {
    let completion = self.completion
    request = nil
    self.completion = nil
    body = ReceivedBody(sink: .memory(limit: 0))
    completion?(result)
  }

  private func result(_ code: CURLcode) -> Result<Response, HTTPError> {
    if let failure = body.failure ?? sourceFailure { return .failure(failure) }
    if headerBytes > Self.headerLimit { return .failure(.tooLarge(limit: Int64(Self.headerLimit))) }
    guard code == CURLE_OK || body.isTruncated else {
      return .failure(HTTPError(code, of: handle, url: request?.url ?? "", received: body.received))
    }
    return .success(
      Response(status: handle.status, headers: headers, body: body.bytes, bytesReceived: body.received))
  }

  /// Records whether bytes have been transferred since the last call, and returns it.
  func recordProgress(now: Double) -> Bool {
    let count = Int64(headerBytes) + body.received + handle.uploaded
    guard count != moved else { return false }
    moved = count
    lastProgress = now
    return true
  }

  /// Seconds without a byte, where they are more than the request allows.
  ///
  /// - Parameter others: seconds in which no transfer of the client has made progress.
  func excessiveIdleTime(now: Double, others: Double) -> Double? {
    guard let options = request?.options else { return nil }
    let silence = now - lastProgress
    let isOver = silence >= options.silenceLimit || options.outageLimit.map { min(silence, others) >= $0 } ?? false
    return isOver ? silence : nil
  }

  /// Whether the whole request was sent, so that the server may carry it out.
  var isSent: Bool {
    guard let request, handle.hasSentHeader else { return false }
    return handle.uploaded >= request.body.length
  }

  // MARK: From curl's callbacks

  fileprivate func receive(_ chunk: UnsafeRawBufferPointer) -> Int {
    unsafe body.receive(chunk, status: handle.status, headers: headers, expected: handle.declaredLength)
      ? chunk.count : 0
  }

  fileprivate func receive(header line: UnsafeRawBufferPointer) -> Int {
    headerBytes += line.count
    guard headerBytes <= Self.headerLimit else { return 0 }
    // A status line begins another response: the headers before it belonged to a 1xx.
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
}

// MARK: curl's callbacks

/// - Parameter user: the `Transfer`, unretained.
private func setCallbacks(_ user: UnsafeMutableRawPointer, on easy: UnsafeMutableRawPointer, sendsFile: Bool) {
  unsafe _ = ccurl_set_pointer(easy, CURLOPT_PRIVATE, user)
  unsafe ccurl_on_write(easy, onWrite, user)
  unsafe ccurl_on_header(easy, onHeader, user)
  guard sendsFile else { return }
  unsafe ccurl_on_read(easy, onRead, user)
  unsafe ccurl_on_seek(easy, onSeek, user)
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
