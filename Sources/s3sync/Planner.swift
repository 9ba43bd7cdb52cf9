// Merges the two listings into what has to be done. Nothing is done before both have been read to their ends.

import AWS
import HTTP
import S3
import Streams

/// What a run will do.
struct Plan {
  let transfers = Spool()
  let deletions = Spool()
  /// Items of the target that the filters admit.
  var targetCount = 0
}

/// Reads two sorted streams side by side, as a merge sort does: memory does not grow with their lengths.
@Loop
struct Planner {
  let direction: Direction
  let rules: ComparisonRules
  let filter: Filter
  let deletes: Bool
  /// Of a target folder: it does not distinguish `A` from `a`.
  let ignoresCase: Bool
  /// Whether a file is known to be this object although their times differ; asked where sizes agree.
  var isKnown: (_ source: Entry, _ target: Entry) -> Bool = { _, _ in false }
  /// Called for every entry that is left out because of a problem.
  let onProblem: (Key, SyncError) -> Void

  /// Throws what either listing throws: then nothing was done.
  func plan(source: any EntryStream, target: any EntryStream) async throws(SyncError) -> Plan {
    var plan = Plan()
    var collisions = CollisionDetector(ignoresCase: ignoresCase)
    var left = try await admitted(source)
    var right = try await admitted(target)
    while true {
      if let extra = right, left.map({ extra.key < $0.key }) ?? true {
        right = try await admitted(target)
        switch extra.kind {
        case .item:
          plan.targetCount += 1
          if deletes { try append(.delete, extra, to: plan.deletions) }
        case .unreadableFolder(let reason): onProblem(extra.key, .unreadable(reason))
        case .unreadable: break
        }
        continue
      }
      guard let entry = left else { return plan }
      let counterpart = right?.key == entry.key ? right : nil
      if let problem = problem(entry, &collisions) {
        onProblem(entry.key, problem)
      } else if !(direction == .download && entry.key.endsInSlash) {
        try decide(entry, counterpart, &plan)
      }
      if counterpart?.kind == .item { plan.targetCount += 1 }
      left = try await admitted(source)
      if counterpart != nil { right = try await admitted(target) }
    }
  }

  private func decide(_ entry: Entry, _ counterpart: Entry?, _ plan: inout Plan) throws(SyncError) {
    let target = counterpart?.kind == .item ? counterpart : nil
    switch s3sync.decide(source: entry, target: target, direction: direction, rules: rules) {
    case .skip: break
    case .transfer: try append(.transfer, entry, to: plan.transfers)
    case .compareBytes: try append(.compareBytes, entry, targetTag: target?.etag, to: plan.transfers)
    case .compareTimes:
      if let target, target.size == entry.size, isKnown(entry, target) { return }
      try append(.compareTimes, entry, to: plan.transfers)
    }
  }

  /// Why an entry of the source cannot be transferred.
  private func problem(_ entry: Entry, _ collisions: inout CollisionDetector) -> SyncError? {
    switch entry.kind {
    case .unreadable(let reason), .unreadableFolder(let reason): return .unreadable(reason)
    case .item: break
    }
    switch direction {
    case .upload, .copy: return nil
    case .download:
      // An empty object that ends in a slash is how consoles make a folder: there is nothing to write.
      if entry.key.endsInSlash && entry.size == 0 && pathProblem(Key(bytes: Array(entry.key.bytes.dropLast()))) == nil {
        return nil
      }
      if let reason = pathProblem(entry.key) ?? collisions.problem(entry.key) { return .unsafeKey(reason) }
      return nil
    }
  }

  private func admitted(_ stream: any EntryStream) async throws(SyncError) -> Entry? {
    while let entry = try await stream.next() {
      if case .unreadableFolder = entry.kind { return entry }
      if filter.admits(entry.key) { return entry }
    }
    return nil
  }

  private func append(
    _ kind: Action.Kind, _ entry: Entry, targetTag: String? = nil, to spool: Spool
  ) throws(SyncError) {
    try systemCalls { () throws(SystemError) in
      try spool.append(Action(kind: kind, entry: entry, targetTag: targetTag))
    }
  }
}
