// Starting a thread of the system.

import Glibc

/// Runs `body` on a thread of its own, which ends with it.
package func detachThread(_ body: @escaping @Sendable () -> Void) throws(Errno) {
  final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
  var thread = pthread_t()
  let argument = unsafe Unmanaged.passRetained(Body(body))
  let code = unsafe pthread_create(
    &thread, nil,
    { argument in
      unsafe Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
      return nil
    }, argument.toOpaque())
  guard code == 0 else {
    unsafe argument.release()
    throw Errno(code)
  }
  pthread_detach(thread)
}
