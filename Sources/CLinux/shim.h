// What Linux offers and Swift's Glibc module leaves out.
#include <fcntl.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/xattr.h>

// Declared for GNU sources only, in unistd.h, fcntl.h and spawn.h.
extern int syncfs(int descriptor);
extern int fallocate(int descriptor, int mode, off_t offset, off_t length);
extern int sync_file_range(int descriptor, off_t offset, off_t length, unsigned int flags);
enum { SYNC_FILE_RANGE_WRITE = 2 };
extern int pipe2(int descriptors[2], int flags);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

// prctl is variadic. Orphans of a child come to this process, which can then wait for them.
static inline int clinux_adopt_orphans(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

// O_CLOEXEC from the start: a thread may start a program between pipe and fcntl.
static inline int clinux_pipe(int *descriptors) { return pipe2(descriptors, O_CLOEXEC); }
