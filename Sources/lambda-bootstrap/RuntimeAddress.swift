// AWS_LAMBDA_RUNTIME_API, host and port, to a connected socket.
import Glibc
import POSIX

/// A connected, non-blocking stream socket that no child inherits.
///
/// - Parameter address: `127.0.0.1:9001`, `[::1]:9001` or `name:9001`.
func connected(to address: String) throws(LinkError) -> Descriptor {
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
    do throws(Errno) {
      return try unsafe connected(to: candidate.pointee)
    } catch {
      failure = error.code
    }
    unsafe next = candidate.pointee.ai_next
  }
  throw .connect(errno: failure)
}

private func connected(to address: addrinfo) throws(Errno) -> Descriptor {
  let descriptor = Descriptor(
    adopting: try retryingInterrupts {
      unsafe socket(address.ai_family, address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), address.ai_protocol)
    })
  // On loopback a connection is there at once or not at all.
  guard unsafe connect(descriptor.rawValue, address.ai_addr, address.ai_addrlen) == 0 else { throw Errno() }
  var on: Int32 = 1
  unsafe setsockopt(
    descriptor.rawValue, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
  _ = fcntl(descriptor.rawValue, F_SETFL, O_NONBLOCK)
  return descriptor
}
