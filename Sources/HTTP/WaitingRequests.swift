// Requests that are not on a connection yet: in order of submission, or until their delay is over.

struct WaitingRequests {
  typealias Entry = (request: Request, completion: Client.Completion)

  private var queue: [Entry?] = []
  private var head = 0
  /// Sorted, the earliest last; retries are few.
  private var delayed: [(due: Int64, entry: Entry)] = []

  var count: Int { queue.count - head + delayed.count }
  var nextDue: Int64? { delayed.last?.due }

  mutating func append(_ entry: Entry) { queue.append(entry) }

  mutating func append(_ entry: Entry, due: Int64) {
    let place = delayed.lastIndex { $0.due > due }.map { $0 + 1 } ?? 0
    delayed.insert((due, entry), at: place)
  }

  /// Moves what is due to the end of the queue.
  mutating func releaseDue(now: Int64) {
    while let last = delayed.last, last.due <= now {
      queue.append(last.entry)
      delayed.removeLast()
    }
  }

  mutating func popFirst() -> Entry? {
    guard head < queue.count else { return nil }
    let entry = queue[head]
    queue[head] = nil
    head += 1
    // Moving the rest down each time half is used up keeps both time and memory linear.
    if head * 2 >= queue.count {
      queue.removeFirst(head)
      head = 0
    }
    return entry
  }

  mutating func removeAll() -> [Entry] {
    let all = queue[head...].compactMap { $0 } + delayed.reversed().map(\.entry)
    self = WaitingRequests()
    return all
  }
}
