// What Linux offers for watching processes that Swift's Glibc module leaves out.
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

// Declared by spawn.h for GNU sources only.
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

// prctl is variadic. Orphans of a child come to this process, which can then wait for them.
static inline int cprocess_adopt_orphans(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }
