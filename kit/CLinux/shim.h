#include <spawn.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Functions of glibc that it declares under _GNU_SOURCE alone. */
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int first);

/* pidfd_open(2); glibc wraps it only from 2.36 on. */
static inline int lms_pidfd_open(int pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}
