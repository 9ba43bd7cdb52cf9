// Keeps a pool's workers off the processor of the thread that gives them work.

internal import CLinux
internal import Synchronization

/// Where one worker runs, as the caller of the pool sees it.
///
/// Linux may run a worker on the processor of the caller while another one is idle, and moves it only after some milliseconds, when an image
/// may be over: it wakes threads where they ran before, and a processor that is idle for less than half a millisecond at a time does
/// not look for waiting threads. So the caller excludes its own processor from the worker's affinity mask for a moment, which moves the worker.
struct WorkerPlacement: ~Copyable {
  private let thread = Atomic<pid_t>(0)
  private let processor = Atomic<CInt>(-1)
  /// The processor that is out of the worker's affinity mask; −1 where it has them all.
  private let excluded = Atomic<CInt>(-1)

  /// To be called by the worker before it works.
  func update() {
    let excluded = excluded.load(ordering: .relaxed)
    if excluded >= 0 {
      var allowed = clinux_processors()
      if clinux_get_affinity(thread.load(ordering: .relaxed), &allowed) != 0 {
        clinux_add_processor(&allowed, excluded)
        _ = clinux_set_affinity(thread.load(ordering: .relaxed), &allowed)
      }
      self.excluded.store(-1, ordering: .relaxed)
    }
    // Written only where it changes: the caller reads it at every job.
    let current = sched_getcpu()
    if processor.load(ordering: .relaxed) != current { processor.store(current, ordering: .relaxed) }
  }

  /// To be called by the worker when it starts.
  func start() {
    thread.store(clinux_thread(), ordering: .relaxed)
    update()
  }

  /// To be called by the caller, which runs on processor `current`: where the worker was last seen there, it goes elsewhere, if there
  /// is another processor that it may use.
  func leave(_ current: CInt) {
    guard processor.load(ordering: .relaxed) == current, excluded.load(ordering: .relaxed) < 0 else { return }
    let thread = thread.load(ordering: .relaxed)
    var allowed = clinux_processors()
    guard clinux_get_affinity(thread, &allowed) != 0, clinux_remove_processor(&allowed, current) != 0,
      clinux_set_affinity(thread, &allowed) != 0
    else { return }
    // Last: the worker must not see this before the mask is changed, or it would not change it back.
    excluded.store(current, ordering: .releasing)
  }
}
