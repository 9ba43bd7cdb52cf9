// Merges the two listings into what has to be done. Nothing is done before both have been read to their ends.

import AWS
import S3
import Streams

/// What a run will do.
struct Plan {
  let transfers = Spool()
  let deletions = Spool()
}

/// Reads two sorted streams side by side, as a merge sort does: memory does not grow with their lengths.
@Loop
struct Planner {
  let direction: Direction
  let comparison: Comparison
  let filter: Filter
  let deletes: Bool
  /// Of a target folder: it does not tell `A` from `a`.
  let ignoresCase: Bool
  /// Told of every entry that is left out although nobody asked for that.
  let onProblem: (Key, SyncError) -> Void

  /// Throws what either listing throws: then nothing was done.
  func plan(source: any EntryStream, target: any EntryStream) async throws(SyncError) -> Plan {
    let plan = Plan()
    var collisions = CollisionDetector(ignoresCase: ignoresCase)
    // Below a source's folder that cannot be read, nothing is known to be absent.
    var unknown: Key?
    var left = try await admitted(source)
    var right = try await admitted(target)
    while true {
      if let there = right, left.map({ there.key < $0.key }) ?? true {
        right = try await admitted(target)
        let isUnknown = unknown.map { there.key.hasPrefix($0) } ?? false
        switch there.kind {
        case .item where deletes && !isUnknown: try append(.delete, there, to: plan.deletions)
        case .unreadableFolder(let reason): onProblem(there.key, .unreadable(reason))
        default: break
        }
        continue
      }
      guard let entry = left else { return plan }
      let counterpart = right?.key == entry.key ? right : nil
      if case .unreadableFolder = entry.kind { unknown = entry.key }
      if let problem = problem(entry, &collisions) {
        onProblem(entry.key, problem)
      } else if !(direction == .download && entry.key.endsInSlash) {
        switch decide(source: entry, target: counterpart, direction: direction, comparison: comparison) {
        case .skip: break
        case .transfer: try append(.transfer, entry, to: plan.transfers)
        case .compareBytes: try append(.compareBytes, entry, targetTag: counterpart?.etag, to: plan.transfers)
        }
      }
      left = try await admitted(source)
      if counterpart != nil { right = try await admitted(target) }
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
    do throws(SystemError) {
      try spool.append(Action(kind: kind, entry: entry, targetTag: targetTag))
    } catch {
      throw .system(error)
    }
  }
}
