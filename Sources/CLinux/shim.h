// What Linux offers and Swift's Glibc module leaves out.
#include <fcntl.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

// Declared for GNU sources only, in unistd.h, fcntl.h, sched.h and spawn.h.
extern int syncfs(int descriptor);
extern int fallocate(int descriptor, int mode, off_t offset, off_t length);
extern int sync_file_range(int descriptor, off_t offset, off_t length, unsigned int flags);
enum { SYNC_FILE_RANGE_WRITE = 2 };
extern int sched_getcpu(void);
extern int pipe2(int descriptors[2], int flags);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

// prctl is variadic. Orphans of a child come to this process, which can then wait for them.
static inline int clinux_adopt_orphans(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

// O_CLOEXEC from the start: a thread may start a program between pipe and fcntl.
static inline int clinux_pipe(int *descriptors) { return pipe2(descriptors, O_CLOEXEC); }

// A thread's affinity mask: cpu_set_t and its functions are for GNU sources only, and glibc's gettid is newer than some systems.

enum { CLINUX_WORD_BITS = 8 * sizeof(unsigned long), CLINUX_PROCESSORS = 1024 };

/// Processors 0 to 1023, a bit each.
typedef struct {
  unsigned long words[CLINUX_PROCESSORS / CLINUX_WORD_BITS];
} clinux_processors;

/// The calling thread, for clinux_get_affinity and clinux_set_affinity.
static inline pid_t clinux_thread(void) { return (pid_t)syscall(SYS_gettid); }

/// Reads the processors that a thread may use; 0 where that fails, as on a machine with more than 1024.
static inline int clinux_get_affinity(pid_t thread, clinux_processors *allowed) {
  *allowed = (clinux_processors){{0}};
  return syscall(SYS_sched_getaffinity, thread, sizeof *allowed, allowed) > 0;
}

/// Sets the processors that a thread may use; 0 where that fails.
static inline int clinux_set_affinity(pid_t thread, const clinux_processors *allowed) {
  return syscall(SYS_sched_setaffinity, thread, sizeof *allowed, allowed) == 0;
}

static inline void clinux_add_processor(clinux_processors *set, int processor) {
  if (processor < 0 || processor >= CLINUX_PROCESSORS) return;
  set->words[processor / CLINUX_WORD_BITS] |= 1UL << processor % CLINUX_WORD_BITS;
}

/// Removes a processor; 0 where no other is left.
static inline int clinux_remove_processor(clinux_processors *set, int processor) {
  if (processor < 0 || processor >= CLINUX_PROCESSORS) return 0;
  set->words[processor / CLINUX_WORD_BITS] &= ~(1UL << processor % CLINUX_WORD_BITS);
  unsigned long left = 0;
  for (int i = 0; i < CLINUX_PROCESSORS / CLINUX_WORD_BITS; i++) left |= set->words[i];
  return left != 0;
}
