// The response of a function behind SQS to Lambda: which messages are to be redelivered.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html

import Streams

/// `{"batchItemFailures":[{"itemIdentifier":"…"}]}`
struct LambdaResponse: Equatable {
  /// Message ids in order.
  let failures: [String]

  /// - Parameters:
  ///   - event: nil where the input was a list.
  ///   - missed: objects that no submitted job will read.
  init(_ event: Event?, missed: some Sequence<InputObject>) {
    guard let ids = event?.messageIDs else {
      failures = []
      return
    }
    let places = Set(event?.malformed.map(\.message) ?? []).union(missed.compactMap(\.message))
    failures = places.sorted().map { ids[$0] }
  }

  var line: [UInt8] {
    JSONText.line { json in
      json.array("batchItemFailures", failures) { json, id in
        json.object { $0.member("itemIdentifier", id) }
      }
    }
  }
}
