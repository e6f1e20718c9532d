/*
 * `shale-runner probe-overlay --report FD LOWER UPPER WORK TARGET`: mounts an overlay in a mount namespace of its own and
 * does with it what a step would do. Exit code 0: it works.
 */
#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"
#include "rootfs.h"

/* Deleting a file of the lower layer makes a whiteout, which is what older kernels refuse in a user namespace. */
static void try_overlay(const char *target) {
  OWNED_FD root = open(target, O_PATH | O_DIRECTORY | O_CLOEXEC);
  OWNED_FD made = openat(root, "made", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made < 0) fail("SANDBOX_OVERLAY", "cannot create a file in an overlay");
  if (unlinkat(root, "victim", 0) < 0) fail("SANDBOX_OVERLAY", "cannot delete a file of a lower layer");
  if (mkdirat(root, "directory/inner", 0700) < 0) fail("SANDBOX_OVERLAY", "cannot change a directory of a lower layer");
}

int command_probe(int argc, char **argv) {
  errno = 0;
  if (argc != 8) fail("RUNNER_USAGE", "probe-overlay --report FD LOWER UPPER WORK TARGET");
  report_to((int)parse_number(argv[3], 1 << 20));
  argv += 2;
  OWNED_FD lower = open(argv[2], O_PATH | O_DIRECTORY | O_CLOEXEC);
  OWNED_FD victim = openat(lower, "victim", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (victim < 0 || (mkdirat(lower, "directory", 0700) < 0 && errno != EEXIST))
    fail("SANDBOX_OVERLAY", "cannot write to %s", argv[2]);
  if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
    fail("SANDBOX_OVERLAY", "cannot make a mount namespace");
  const char *lowers[] = {argv[2], NULL};
  const struct list list = {.items = lowers, .count = 1};
  mount_overlay(argv[5], &(struct overlay){.lowers = &list, .upper = argv[3], .work = argv[4]});
  try_overlay(argv[5]);
  return 0;
}
