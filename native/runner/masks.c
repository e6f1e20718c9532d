#include "masks.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel.h"
#include "mounts.h"
#include "report.h"
#include "util.h"

/* The union of what docker, containerd and podman mask: secrets of the host and side channels. */
static const char *const MASKED_PROC[] = {"acpi",        "asound", "interrupts", "kcore",      "keys",       "latency_stats",
                                          "sched_debug", "scsi",   "timer_list", "timer_stats"};
static const char *const READONLY_PROC[] = {"bus", "fs", "irq", "sys", "sysrq-trigger"};
static const char *const MASKED_SYS[] = {
    "firmware",      "devices/virtual/powercap", "fs/selinux", "fs/bpf",     "fs/pstore",
    "kernel/debug",  "kernel/tracing",           "kernel/security", "kernel/config",
};
static const char THROTTLE_PATTERN[] = "/sys/devices/system/cpu/cpu*/thermal_throttle";

/* Beneath one mount, through no link and onto no other mount: what is covered is exactly what was named. */
static int open_exact(int mount, const char *path, uint64_t extra) {
  return kernel_openat2(mount, path, O_PATH | O_NOFOLLOW, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | extra);
}

/* An empty, read-only directory that can lie over many places: attached first, copied from then on. */
struct empty_directory {
  int mount;
  bool attached;
};

static int take_empty(struct empty_directory *empty) {
  if (empty->attached) return kernel_clone_mount(empty->mount, "", 0);
  const unsigned attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  const char *options[] = {"mode", "755", "nr_inodes", "2", NULL};
  empty->mount = new_filesystem("tmpfs", attributes, options);
  empty->attached = true;
  return empty->mount < 0 ? -1 : fcntl(empty->mount, F_DUPFD_CLOEXEC, 3);
}

static void cover(int mount, const char *path, struct empty_directory *empty, int null) {
  OWNED_FD place = open_exact(mount, path, 0);
  struct stat stat;
  if (place < 0 && (errno == ENOENT || errno == EACCES)) return; /* not in this kernel, or closed to us anyway */
  if (place < 0 || fstat(place, &stat) < 0) fail("SANDBOX_MASK", "cannot open %s", path);
  OWNED_FD lid = S_ISDIR(stat.st_mode) ? take_empty(empty) : kernel_clone_mount(null, "", 0);
  if (lid < 0 || kernel_attach(lid, place) < 0) fail("SANDBOX_MASK", "cannot cover %s", path);
}

static void make_readonly(int mount, const char *path) {
  OWNED_FD place = open_exact(mount, path, RESOLVE_NO_XDEV);
  if (place < 0 && errno == ENOENT) return;
  OWNED_FD copy = place < 0 ? -1 : kernel_clone_mount(place, "", AT_RECURSIVE);
  const uint64_t attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  if (copy < 0 || kernel_set_attributes(copy, AT_RECURSIVE, attributes) < 0 || kernel_attach(copy, place) < 0)
    fail("SANDBOX_MASK", "cannot make /proc/%s read-only", path);
}

void cover_proc(int proc, int null) {
  struct empty_directory empty = {.mount = -1};
  for (size_t i = 0; i < LENGTH(READONLY_PROC); i++) make_readonly(proc, READONLY_PROC[i]);
  for (size_t i = 0; i < LENGTH(MASKED_PROC); i++) cover(proc, MASKED_PROC[i], &empty, null);
  close_fd(&empty.mount);
}

/* The container's own part of the cgroup tree, read-only; empty where the kernel does not give it. */
static void cover_cgroups(int sys, struct empty_directory *empty) {
  OWNED_FD place = open_exact(sys, "fs/cgroup", 0);
  if (place < 0) return;
  const unsigned attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  OWNED_FD cgroups = new_filesystem("cgroup2", attributes, NULL);
  OWNED_FD lid = cgroups >= 0 ? fcntl(cgroups, F_DUPFD_CLOEXEC, 3) : take_empty(empty);
  if (lid < 0 || kernel_attach(lid, place) < 0) fail("SANDBOX_MASK", "cannot cover /sys/fs/cgroup");
}

void cover_sys(int sys) {
  struct empty_directory empty = {.mount = -1};
  for (size_t i = 0; i < LENGTH(MASKED_SYS); i++) cover(sys, MASKED_SYS[i], &empty, -1);
  cover_cgroups(sys, &empty);
  glob_t found;
  if (glob(THROTTLE_PATTERN, GLOB_NOSORT, NULL, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc; i++) cover(sys, found.gl_pathv[i] + strlen("/sys/"), &empty, -1);
    globfree(&found);
  }
  close_fd(&empty.mount);
}
