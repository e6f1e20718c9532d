#include "devices.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "kernel.h"
#include "mounts.h"
#include "report.h"
#include "util.h"

struct device {
  const char *name;
  unsigned major, minor;
};

static const struct device DEVICES[] = {{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
                                        {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};

static const char *const LINKS[][2] = {{"pts/ptmx", "ptmx"},
                                       {"/proc/self/fd", "fd"},
                                       {"/proc/self/fd/0", "stdin"},
                                       {"/proc/self/fd/1", "stdout"},
                                       {"/proc/self/fd/2", "stderr"}};

static int open_device(const struct device *device) {
  char path[32];
  snprintf(path, sizeof path, "/dev/%s", device->name);
  int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  struct stat stat;
  if (fd < 0 || fstat(fd, &stat) < 0) fail("SANDBOX_DEVICE", "cannot open the host's %s", path);
  errno = 0;
  if (!S_ISCHR(stat.st_mode) || stat.st_rdev != makedev(device->major, device->minor))
    fail("SANDBOX_DEVICE", "the host's %s is not the device %u:%u", path, device->major, device->minor);
  return fd;
}

int open_null(void) { return open_device(&DEVICES[0]); }

/* mknod is forbidden in a user namespace: the host's node is bound onto an empty file. */
static void bind_device(int dev, const struct device *device) {
  OWNED_FD source = open_device(device);
  OWNED_FD place = openat(dev, device->name, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  OWNED_FD copy = kernel_clone_mount(source, "", 0);
  if (place < 0 || copy < 0 || kernel_attach(copy, place) < 0)
    fail("SANDBOX_DEVICE", "cannot provide /dev/%s", device->name);
}

static void mount_in_dev(int dev, const char *name, const char *type, const char *const *options) {
  if (mkdirat(dev, name, 0755) < 0) fail("SANDBOX_DEVICE", "cannot make /dev/%s", name);
  OWNED_FD place = openat(dev, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
  const unsigned nodev = strcmp(type, "devpts") == 0 ? 0 : MOUNT_ATTR_NODEV;
  OWNED_FD mount = new_filesystem(type, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | nodev, options);
  if (place < 0 || mount < 0 || kernel_attach(mount, place) < 0) fail("SANDBOX_DEVICE", "cannot mount /dev/%s", name);
}

static void mount_pts(int dev) {
  const char *with_group[] = {"mode", "0620", "ptmxmode", "0666", "gid", "5", NULL};
  const char *plain[] = {"mode", "0620", "ptmxmode", "0666", NULL};
  /* group 5 (tty) does not exist in a single-id map */
  OWNED_FD probe = new_filesystem("devpts", 0, with_group);
  mount_in_dev(dev, "pts", "devpts", probe >= 0 ? with_group : plain);
}

int mount_dev(int root, const struct creation_observer *create, int64_t shm_size) {
  OWNED_FD place = open_mount_point(root, "dev", create);
  const char *options[] = {"mode", "755", "size", "65536k", NULL};
  int dev = new_filesystem("tmpfs", MOUNT_ATTR_NOSUID, options);
  if (dev < 0 || kernel_attach(dev, place) < 0) fail("SANDBOX_DEVICE", "cannot mount /dev");
  for (size_t i = 0; i < LENGTH(DEVICES); i++) bind_device(dev, &DEVICES[i]);
  for (size_t i = 0; i < LENGTH(LINKS); i++)
    if (symlinkat(LINKS[i][0], dev, LINKS[i][1]) < 0) fail("SANDBOX_DEVICE", "cannot make /dev/%s", LINKS[i][1]);
  mount_pts(dev);
  char size[24];
  snprintf(size, sizeof size, "%lld", (long long)shm_size);
  const char *shm[] = {"mode", "1777", "size", size, NULL};
  if (shm_size > 0) mount_in_dev(dev, "shm", "tmpfs", shm);
  mount_in_dev(dev, "mqueue", "mqueue", NULL);
  return dev;
}
