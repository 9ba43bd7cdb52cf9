// What Linux offers and Swift's Glibc module leaves out.
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

// Declared for GNU sources only, in unistd.h and spawn.h.
extern int syncfs(int descriptor);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

// prctl is variadic. Orphans of a child come to this process, which can then wait for them.
static inline int clinux_adopt_orphans(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }
