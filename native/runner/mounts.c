#include "mounts.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kernel.h"
#include "masks.h"
#include "report.h"

int new_filesystem(const char *type, unsigned attributes, const char *const *options) {
  OWNED_FD context = kernel_fsopen(type);
  if (context < 0) return -1;
  kernel_fsconfig(context, FSCONFIG_SET_STRING, "source", type); /* what `mount` shows first */
  for (; options != NULL && options[0] != NULL; options += 2)
    if (kernel_fsconfig(context, FSCONFIG_SET_STRING, options[0], options[1]) < 0) return -1;
  if (kernel_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL) < 0) return -1;
  return kernel_fsmount(context, attributes);
}

static int open_link_free(int root, const char *name) {
  return kernel_openat2(root, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

int open_mount_point(int root, const char *name, const struct creation_observer *create) {
  int fd = open_link_free(root, name);
  if (fd < 0 && errno == ENOENT) {
    create->before(create->context, name);
    if (mkdirat(root, name, 0755) < 0) fail("SANDBOX_MOUNT", "cannot make /%s", name);
    create->after(create->context, name, KIND_DIRECTORY);
    fd = open_link_free(root, name);
  }
  if (fd < 0) fail("SANDBOX_ROOT_HOSTILE", "/%s of the image is not a plain directory", name);
  return fd;
}

void mount_proc(int root, const struct creation_observer *create, int null) {
  OWNED_FD place = open_mount_point(root, "proc", create);
  OWNED_FD proc = new_filesystem("proc", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, NULL);
  /* The kernel refuses when the caller's own /proc is partly covered: this is a container in a container. */
  if (proc < 0) fail("SANDBOX_PROC", "cannot mount /proc");
  if (kernel_attach(proc, place) < 0) fail("SANDBOX_PROC", "cannot attach /proc");
  cover_proc(proc, null);
}

/* A new sysfs needs a network namespace of our own; the host's is taken whole and made read-only otherwise. */
static int open_sysfs(enum network network) {
  const unsigned attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  int fresh = network != NETWORK_HOST ? new_filesystem("sysfs", attributes, NULL) : -1;
  if (fresh >= 0) return fresh;
  int copy = kernel_clone_mount(AT_FDCWD, "/sys", AT_RECURSIVE);
  if (copy < 0 || kernel_set_attributes(copy, AT_RECURSIVE, attributes) < 0) fail("SANDBOX_SYS", "cannot bind /sys");
  return copy;
}

void mount_sys(int root, const struct creation_observer *create, enum network network) {
  OWNED_FD place = open_mount_point(root, "sys", create);
  OWNED_FD sys = open_sysfs(network);
  if (kernel_attach(sys, place) < 0) fail("SANDBOX_SYS", "cannot attach /sys");
  cover_sys(sys);
}

void refuse_kernel_files(int place, const char *target) {
  struct statfs fs;
  if (fstatfs(place, &fs) < 0) fail("SANDBOX_MOUNT", "cannot look at %s", target);
  errno = 0;
  if (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC)
    fail("SANDBOX_ROOT_HOSTILE", "mounting on %s would cover a file of the kernel", target);
}

static bool parent_exists(int root, const char *target) {
  OWNED_TEXT parent = must_copy(target);
  *strrchr(parent, '/') = '\0';
  OWNED_FD fd = open_beneath(root, parent, KIND_DIRECTORY, NULL);
  return fd >= 0;
}

static int make_file(int dev, const char *name, const char *content) {
  OWNED_FD file = openat(dev, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (file < 0 || write_all(file, content, strlen(content)) < 0) return -1;
  return kernel_clone_mount(dev, name, 0);
}

void provide_files(int root, int dev, const struct creation_observer *create, const struct spec *spec) {
  static const char NAME[] = ".provided";
  for (size_t i = 0; i < spec->file_count; i++) {
    const struct file_spec *file = &spec->files[i];
    if (file->optional && !parent_exists(root, file->target)) continue;
    OWNED_FD mount = make_file(dev, NAME, file->content);
    OWNED_FD place = open_beneath(root, file->target, KIND_FILE, create);
    if (mount < 0 || place < 0) fail("SANDBOX_MOUNT", "cannot provide %s", file->target);
    refuse_kernel_files(place, file->target);
    if (kernel_attach(mount, place) < 0 || unlinkat(dev, NAME, 0) < 0)
      fail("SANDBOX_MOUNT", "cannot provide %s", file->target);
  }
}
