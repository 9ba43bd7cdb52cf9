// AWS_LAMBDA_RUNTIME_API, host and port, to a connected socket.
import Glibc

/// A connected, non-blocking stream socket that no child inherits.
///
/// - Parameter address: `127.0.0.1:9001`, `[::1]:9001` or `name:9001`.
func connected(to address: String) throws(LinkError) -> Int32 {
  guard let colon = address.utf8.lastIndex(of: UInt8(ascii: ":")) else { throw .address }
  let host = address[..<colon].filter { $0 != "[" && $0 != "]" }
  let port = address[address.utf8.index(after: colon)...]
  var hints = unsafe addrinfo()
  unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
  unsafe hints.ai_flags = AI_NUMERICSERV
  var first: UnsafeMutablePointer<addrinfo>?
  guard unsafe getaddrinfo(host, String(port), &hints, &first) == 0 else { throw .address }
  defer { unsafe freeaddrinfo(first) }
  var failure = ECONNREFUSED
  var next = unsafe first
  while let candidate = unsafe next {
    let descriptor = unsafe socket(
      candidate.pointee.ai_family, candidate.pointee.ai_socktype | Int32(SOCK_CLOEXEC.rawValue),
      candidate.pointee.ai_protocol)
    // On loopback a connection is there at once or not at all.
    if descriptor >= 0, unsafe connect(descriptor, candidate.pointee.ai_addr, candidate.pointee.ai_addrlen) == 0 {
      var on: Int32 = 1
      unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
      _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
      return descriptor
    }
    failure = errno
    if descriptor >= 0 { close(descriptor) }
    unsafe next = candidate.pointee.ai_next
  }
  throw .connect(errno: failure)
}
