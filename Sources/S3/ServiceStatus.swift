// The exit status that a failed call gives a tool.

package import AWS
package import Streams

extension ServiceError {
  package var status: ExitStatus {
    switch kind {
    case .temporary: .temporary
    case .notPermitted: .noPermission
    case .missing, .precondition, .unavailable: .unavailable
    case .configuration: .configuration
    case .local: .io
    }
  }
}
