// The loop: turns, cancellation, other threads, and that waiting takes no processor time.
import Glibc
import POSIX
import Synchronization
import Testing

@testable import HTTP

@Suite struct OnTheLoop {
  let origin = LocalServer.plain.origin

  @Test func manyTransfersAndSleepsAtOnce() {
    let origin = self.origin
    let right = Loop.run(connections: 4) {
      let right = Counter()
      await Loop.concurrently(40) { index in
        await Loop.sleep(seconds: Double(index % 7) / 100)
        let response = try? await Loop.send(Request("GET", origin + "/bytes/\(index)"))
        if response?.body == pattern(index) { right.count += 1 }
      }
      return right.count
    }
    #expect(right == 40)
  }

  @Test func sleepersWakeInOrderOfTheirDeadlines() {
    let order = Loop.run {
      let woken = Counter()
      await Loop.concurrently(5) { index in
        await Loop.sleep(seconds: [0.12, 0.03, 0.09, 0.06, 0][index])
        woken.order.append(index)
      }
      return woken.order
    }
    #expect(order == [4, 1, 3, 2, 0])
  }

  @Test func cancellationEndsTransfersAndSleepsAtOnce() {
    let origin = self.origin
    let began = Clock.monotonic.seconds
    func isLate() -> Bool { Clock.monotonic.seconds - began > 0.1 }
    let errors = Loop.run(connections: 2, everyTurn: isLate) {
      let errors = Counter()
      await Loop.concurrently(6) { index in
        if index == 0 { return await Loop.sleep(seconds: 30) }
        do throws(HTTPError) {
          _ = try await Loop.send(Request("GET", origin + "/slow/30"))
        } catch {
          if error == .cancelled { errors.count += 1 }
        }
      }
      return errors.count
    }
    // Two were on a connection, three were waiting for one.
    #expect(errors == 5 && Clock.monotonic.seconds - began < 3)
  }

  /// `slow/S` responds after S seconds; the task is cancelled after 0.1.
  @Test(
    arguments: [(0.5, 5.0, nil), (30, 0.3, .timeout(seconds: 0.3)), (30, 0, .cancelled)]
      as [(Double, Double, HTTPError?)])
  func aCancelledTaskWaitsForTheResponseAsLongAsItsGrace(delay: Double, grace: Double, expected: HTTPError?) {
    let origin = self.origin
    let began = Clock.monotonic.seconds
    func isLate() -> Bool { Clock.monotonic.seconds - began > 0.1 }
    let errors = Loop.run(connections: 1, everyTurn: isLate) {
      let errors = Errors()
      await Loop.concurrently(2) { _ in
        var request = Request("PUT", origin + "/slow/\(delay)", body: .bytes([1, 2, 3]))
        request.options.cancellationGrace = grace
        do throws(HTTPError) {
          errors.all.append(try await Loop.send(request).body == Array("late".utf8) ? nil : .cancelled)
        } catch {
          errors.all.append(error)
        }
      }
      return errors.all
    }
    // The second waits for the connection, so nothing of it was sent.
    #expect(errors.contains(expected) && errors.contains(.cancelled) && Clock.monotonic.seconds - began < 3)
  }

  @Test func aRequestThatIsNotSentWholeEndsAtOnce() {
    let origin = self.origin
    let began = Clock.monotonic.seconds
    func isLate() -> Bool { Clock.monotonic.seconds - began > 0.1 }
    let error = Loop.run(everyTurn: isLate) { () -> HTTPError? in
      var request = Request("PUT", origin + "/deaf/30", body: .bytes(Array(repeating: 0, count: 64 << 20)))
      request.options.cancellationGrace = 20
      do throws(HTTPError) {
        _ = try await Loop.send(request)
        return nil
      } catch {
        return error
      }
    }
    #expect(error == .cancelled && Clock.monotonic.seconds - began < 5)
  }

  @Test func whatIsSentUncancelledArrives() {
    let origin = self.origin
    func cancels() -> Bool { true }
    let statuses = Loop.run(everyTurn: cancels) {
      await Loop.sleep(seconds: 30)
      let inside = try? await Loop.send(Request("GET", origin + "/status/418")).status
      let outside = await Loop.uncancelled { try? await Loop.send(Request("GET", origin + "/status/418")).status }
      return [inside, outside]
    }
    #expect(statuses == [nil, 418])
  }

  @Test func aTaskStartedAheadIsCancelledWithItsCaller() {
    let began = Clock.monotonic.seconds
    func isLate() -> Bool { Clock.monotonic.seconds - began > 0.05 }
    Loop.run(everyTurn: isLate) {
      let ahead = Loop.task { await Loop.sleep(seconds: 30) }
      await ahead.valueCancelledWithCaller
    }
    #expect(Clock.monotonic.seconds - began < 5)
  }

  @Test func aTaskThatNobodyWaitsForIsEnded() {
    let ended = Flag()
    Loop.run {
      _ = Loop.task {
        await Loop.sleep(seconds: 30)
        ended.set()
      }
      await Loop.sleep(seconds: 0.01)
    }
    #expect(ended.isSet)
  }

  @Test(arguments: 0..<8) func callsFromManyThreadsTakeTurns(index: Int) {
    #expect(Loop.run { await Loop.blocking { index * 2 } } == index * 2)
  }

  @Test func waitingTakesNoProcessorTime() {
    // Of the thread: other tests run meanwhile.
    func processorSeconds() -> Double {
      var time = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
    var turns = 0
    let used = processorSeconds()
    func count() -> Bool {
      turns += 1
      return false
    }
    Loop.run(everyTurn: count) {
      await Loop.sleep(seconds: 0.6)
      _ = await Loop.blocking { usleep(600_000) }
    }
    #expect(turns < 30 && processorSeconds() - used < 0.1)
  }
}

@Loop private final class Errors {
  var all: [HTTPError?] = []
}

@Loop private final class Counter {
  var count = 0
  var order: [Int] = []
}

private final class Flag: Sendable {
  private let value = Mutex(false)
  var isSet: Bool { value.withLock { $0 } }
  func set() { value.withLock { $0 = true } }
}
