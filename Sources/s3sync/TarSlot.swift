// One object on its way into a tar: sized, fetched, done.

import HTTP
import S3
import Streams

/// An object being prepared for the stream.
@Loop
final class TarSlot {
  private enum State {
    /// Its size is being asked for.
    case sizing(Task<Result<ObjectRecord, SyncError>, Never>)
    case sized(Result<ObjectRecord, SyncError>)
    /// Its bytes are being fetched; memory for them is accounted.
    case fetching(Task<StreamItem, Never>, size: Int64)
    /// They have arrived.
    case done(StreamItem, size: Int64)
  }

  private let name: ItemName
  private var state: State

  init(_ object: ObjectRecord, _ name: ItemName, _ fetcher: ObjectFetcher) {
    self.name = name
    if object.size != nil {
      state = .sized(.success(object))
      return
    }
    let task = Loop.task { await fetcher.describe(object) }
    state = .sizing(task)
    Loop.task {
      let result = await task.valueCancelledWithCaller
      if case .sizing = self.state { self.state = .sized(result) }
    }
  }

  var isSizeKnown: Bool {
    if case .sizing = state { return false }
    return true
  }

  var isFetching: Bool {
    switch state {
    case .sizing, .sized: false
    case .fetching, .done: true
    }
  }

  var isDone: Bool {
    if case .done = state { return true }
    return false
  }

  /// Bytes that the object holds or will hold in memory.
  var heldSize: Int64 {
    switch state {
    case .sizing, .sized: 0
    case .fetching(_, let size), .done(_, let size): size
    }
  }

  /// Bytes of the object; 0 where it will be an error record.
  func size() async -> Int64 { (try? await described().get().size) ?? 0 }

  /// Starts fetching.
  func fetch(_ fetcher: ObjectFetcher, size: Int64) {
    guard case .sized(let described) = state else { return }
    let name = self.name
    let task = Loop.task {
      let item = await fetcher.fetch(described, name)
      self.state = .done(item, size: size)
      return item
    }
    state = .fetching(task, size: size)
  }

  /// The object's representation in the stream.
  func item(_ fetcher: ObjectFetcher) async -> StreamItem {
    switch state {
    case .done(let item, _): return item
    case .fetching(let task, _): return await task.valueCancelledWithCaller
    case .sizing, .sized: return await fetcher.fetch(await described(), name)
    }
  }

  private func described() async -> Result<ObjectRecord, SyncError> {
    switch state {
    case .sizing(let task):
      let result = await task.valueCancelledWithCaller
      if case .sizing = state { state = .sized(result) }
      return result
    case .sized(let result): return result
    case .fetching, .done: preconditionFailure("asked for before it is fetched")
    }
  }
}
