// The exit status that a failed call gives a tool.

public import AWS
public import Streams

extension ServiceError {
  public var status: ExitStatus {
    switch kind {
    case .temporary: .temporary
    case .notPermitted: .noPermission
    case .missing, .precondition, .unavailable: .unavailable
    case .configuration: .configuration
    case .local: .io
    }
  }
}
