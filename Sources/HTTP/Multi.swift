// curl's multi handle driven by its socket interface: epoll reports which socket is ready, so a step costs what the
// ready transfers cost, however many are open.
import CCurl
import CLinux
import Glibc
import POSIX

/// Owns a curl multi handle and the epoll descriptor that watches its sockets.
@safe
final class Multi {
  private let multi: UnsafeMutableRawPointer
  private let epoll: Descriptor
  /// When curl wants to be called without a socket, in milliseconds of the monotonic clock.
  fileprivate(set) var deadline: Int64?

  /// The one `curl_global_init` of the process. From here on SIGPIPE is ignored: OpenSSL writes to connections that the
  /// server has closed, and curl shields only programs that let it use signals itself.
  private static let initialised: CURLcode = {
    signal(SIGPIPE, SIG_IGN)
    return curl_global_init(Int(CURL_GLOBAL_DEFAULT))
  }()

  init(maxConnections: Int) throws(HTTPError) {
    guard Self.initialised == CURLE_OK, let multi = unsafe curl_multi_init() else {
      throw .other(code: Int(ENOMEM), message: "libcurl cannot start")
    }
    unsafe self.multi = multi
    let descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard descriptor >= 0 else {
      let code = errno
      unsafe curl_multi_cleanup(multi)
      throw .other(code: Int(code), message: "epoll_create1")
    }
    epoll = Descriptor(adopting: descriptor)
    let user = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe ccurl_on_socket(multi, onSocket, user)
    unsafe ccurl_on_timer(multi, onTimer, user)
    unsafe _ = ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, maxConnections)
  }

  deinit {
    unsafe ccurl_on_socket(multi, nil, nil)
    unsafe ccurl_on_timer(multi, nil, nil)
    unsafe curl_multi_cleanup(multi)
  }

  /// Readable when a transfer can go on.
  var descriptor: Int32 { epoll.rawValue }

  func add(_ transfer: Transfer) { unsafe curl_multi_add_handle(multi, transfer.handle.pointer) }

  func remove(_ transfer: Transfer) { unsafe curl_multi_remove_handle(multi, transfer.handle.pointer) }

  /// Lets every transfer that can go on do so, without waiting.
  func step() {
    var running: Int32 = 0
    unsafe withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 64) { events in
      let count = unsafe epoll_wait(descriptor, events.baseAddress!, Int32(events.count), 0)
      for i in 0..<max(Int(count), 0) {
        let ready = unsafe events[i].events
        var mask: Int32 = 0
        if ready & EPOLLIN.rawValue != 0 { mask |= CURL_CSELECT_IN }
        if ready & EPOLLOUT.rawValue != 0 { mask |= CURL_CSELECT_OUT }
        if ready & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { mask |= CURL_CSELECT_ERR }
        unsafe curl_multi_socket_action(multi, events[i].data.fd, mask, &running)
      }
    }
    stepTimers()
  }

  /// Does what is due by time alone, without asking the system about sockets: above all, begins what was just added.
  func stepTimers() {
    guard let due = deadline, due <= Clock.monotonic.milliseconds else { return }
    deadline = nil
    var running: Int32 = 0
    unsafe curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running)
  }

  /// The next transfer that has ended, taken out of the multi.
  func nextEnded() -> (transfer: Transfer, code: CURLcode)? {
    var left: Int32 = 0
    while let message = unsafe curl_multi_info_read(multi, &left) {
      guard unsafe message.pointee.msg == CURLMSG_DONE, let easy = unsafe message.pointee.easy_handle,
        let user = unsafe ccurl_get_private(easy)
      else { continue }
      let code = unsafe ccurl_message_result(message)
      let transfer = unsafe Unmanaged<Transfer>.fromOpaque(user).takeUnretainedValue()
      remove(transfer)
      return (transfer, code)
    }
    return nil
  }

  fileprivate func watch(_ socket: Int32, _ what: Int32) {
    var event = unsafe epoll_event()
    if what == CURL_POLL_REMOVE {
      unsafe epoll_ctl(descriptor, EPOLL_CTL_DEL, socket, &event)
      return
    }
    unsafe event.data.fd = socket
    if what & CURL_POLL_IN != 0 { unsafe event.events |= EPOLLIN.rawValue }
    if what & CURL_POLL_OUT != 0 { unsafe event.events |= EPOLLOUT.rawValue }
    if unsafe epoll_ctl(descriptor, EPOLL_CTL_MOD, socket, &event) < 0 && errno == ENOENT {
      unsafe epoll_ctl(descriptor, EPOLL_CTL_ADD, socket, &event)
    }
  }
}

private let onSocket: curl_socket_callback = { _, socket, what, user, _ in
  unsafe Unmanaged<Multi>.fromOpaque(user!).takeUnretainedValue().watch(socket, what)
  return 0
}

private let onTimer: curl_multi_timer_callback = { _, milliseconds, user in
  let multi = unsafe Unmanaged<Multi>.fromOpaque(user!).takeUnretainedValue()
  multi.deadline = milliseconds < 0 ? nil : Clock.monotonic.milliseconds + Int64(milliseconds)
  return 0
}
