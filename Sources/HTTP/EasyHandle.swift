// curl's easy handle: its owner, and what it says of a transfer.

import CCurl
import Glibc

/// Owns a curl easy handle, with the list of headers and the error text that it points to.
@safe
struct EasyHandle: ~Copyable {
  /// Read by `Multi`, which adds and removes it.
  let pointer: UnsafeMutableRawPointer
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private let errorText: UnsafeMutablePointer<CChar>

  init() throws(HTTPError) {
    guard let pointer = unsafe curl_easy_init() else { throw .other(code: Int(ENOMEM), message: "no curl handle") }
    unsafe self.pointer = pointer
    unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    unsafe errorText[0] = 0
  }

  deinit {
    unsafe curl_easy_cleanup(pointer)
    unsafe curl_slist_free_all(headerList)
    unsafe errorText.deallocate()
  }

  /// Forgets all options. Connections, names and TLS sessions that the handle knows are kept.
  func reset() {
    unsafe errorText[0] = 0
    unsafe curl_easy_reset(pointer)
    unsafe _ = ccurl_set_pointer(pointer, CURLOPT_ERRORBUFFER, errorText)
  }

  // MARK: Options

  func set(_ option: CURLoption, _ value: Int) { unsafe _ = ccurl_set_long(pointer, option, value) }

  func set(_ option: CURLoption, _ value: String) { unsafe _ = ccurl_set_string(pointer, option, value) }

  /// Sets the header lines to send, in curl's syntax: `Name: value`, `Name;` for an empty value, `Name:` to leave out a
  /// header that curl would add.
  mutating func set(headerLines: [String]) throws(HTTPError) {
    unsafe curl_slist_free_all(headerList)
    unsafe headerList = nil
    for line in headerLines {
      guard let longer = unsafe curl_slist_append(headerList, line) else {
        throw .other(code: Int(ENOMEM), message: "no memory for headers")
      }
      unsafe headerList = longer
    }
    unsafe _ = ccurl_set_pointer(pointer, CURLOPT_HTTPHEADER, headerList)
  }

  /// Sets a body, which curl copies. A small one is sent in one write with the header.
  func set(body bytes: [UInt8]) {
    unsafe _ = ccurl_set_offset(pointer, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
    unsafe bytes.withUnsafeBytes {
      unsafe _ = ccurl_set_pointer(pointer, CURLOPT_COPYPOSTFIELDS, $0.baseAddress ?? UnsafeRawPointer(errorText))
    }
  }

  // MARK: The transfer

  /// The response's status; 0 before it is known.
  var status: Int { unsafe ccurl_get_long(pointer, CURLINFO_RESPONSE_CODE) }

  /// Bytes of body that the response declares; −1 where it does not.
  var declaredLength: Int64 { unsafe Int64(ccurl_get_offset(pointer, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T)) }

  /// Bytes of body sent.
  var uploaded: Int64 { unsafe Int64(ccurl_get_offset(pointer, CURLINFO_SIZE_UPLOAD_T)) }

  /// Whether the request's header has been sent.
  var hasSentHeader: Bool { unsafe ccurl_get_long(pointer, CURLINFO_REQUEST_SIZE) > 0 }

  /// Seconds that the transfer has taken.
  var seconds: Double { unsafe Double(ccurl_get_offset(pointer, CURLINFO_TOTAL_TIME_T)) / 1e6 }

  /// curl's message for the code that ended the transfer.
  func message(_ code: CURLcode) -> String {
    let message = unsafe String(cString: errorText)
    return message.isEmpty ? unsafe String(cString: curl_easy_strerror(code)) : message
  }
}
