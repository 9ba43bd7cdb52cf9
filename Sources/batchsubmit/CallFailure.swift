// A call that ended the work, with what it was for.

import AWS
import S3
import Streams

/// A call that ended the work, with what it was for.
struct CallFailure: ReportableError {
  let object: String
  let error: ServiceError

  var reason: String { "\(object): \(error.sentence)" }

  var status: ExitStatus { error.status }
}
