#include "rootfs.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "kernel.h"
#include "report.h"

static int open_directory(const char *path) {
  int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail("SANDBOX_OVERLAY", "cannot open %s", path);
  return fd;
}

/* fsconfig cuts values at 256 bytes: each directory is named through its descriptor, which is always short. */
static int set_directory(int context, const char *key, const char *path) {
  OWNED_FD fd = open_directory(path);
  char name[FD_PATH_SIZE];
  return kernel_fsconfig(context, FSCONFIG_SET_STRING, key, fd_path(name, fd));
}

/*
 * The new way (Linux 6.7): one call per layer, so that 500 layers fit. Returns false where `lowerdir+` is unknown.
 */
static bool mount_by_layers(const char *target, const struct overlay *overlay) {
  const struct list *lowers = overlay->lowers;
  OWNED_FD context = kernel_fsopen("overlay");
  if (context < 0) return false;
  kernel_fsconfig(context, FSCONFIG_SET_STRING, "source", "overlay");
  for (size_t i = 0; i < lowers->count; i++) {
    if (set_directory(context, "lowerdir+", lowers->items[i]) == 0) continue;
    if (i == 0 && errno == EINVAL) return false;
    fail("SANDBOX_OVERLAY", "layer %zu of %zu: %s", lowers->count - i, lowers->count, lowers->items[i]);
  }
  if (set_directory(context, "upperdir", overlay->upper) < 0 || set_directory(context, "workdir", overlay->work) < 0 ||
      kernel_fsconfig(context, FSCONFIG_SET_FLAG, "userxattr", NULL) < 0 ||
      (!overlay->durable && kernel_fsconfig(context, FSCONFIG_SET_FLAG, "volatile", NULL) < 0) ||
      kernel_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
    fail("SANDBOX_OVERLAY", "overlay of %zu layers on %s", lowers->count, target);
  OWNED_FD mount = kernel_fsmount(context, 0);
  OWNED_FD place = open_directory(target);
  if (mount < 0 || kernel_attach(mount, place) < 0) fail("SANDBOX_OVERLAY", "cannot attach the overlay to %s", target);
  return true;
}

static void raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/*
 * The old way: mount(2) takes one page of options. From inside /proc/self/fd a layer's name is the number of its
 * descriptor, which is as short as names get. Descriptors stay open until the program is executed.
 */
static void mount_by_options(const char *target, const struct overlay *overlay) {
  const struct list *lowers = overlay->lowers;
  char options[4096];
  size_t used = 0;
  raise_descriptor_limit();
  for (size_t i = 0; i < lowers->count; i++) {
    int fd = open_directory(lowers->items[i]);
    int size = snprintf(options + used, sizeof options - used, "%s%d", i == 0 ? "lowerdir=" : ":", fd);
    used += size < 0 ? 0 : (size_t)size;
    errno = E2BIG;
    if (used >= sizeof options) fail("SANDBOX_OVERLAY", "%zu layers", lowers->count);
  }
  int size = snprintf(options + used, sizeof options - used, ",upperdir=%d,workdir=%d,userxattr%s",
                      open_directory(overlay->upper), open_directory(overlay->work), overlay->durable ? "" : ",volatile");
  errno = E2BIG;
  if (size < 0 || used + (size_t)size >= sizeof options) fail("SANDBOX_OVERLAY", "%zu layers", lowers->count);
  if (chdir("/proc/self/fd") < 0 || mount("overlay", target, "overlay", 0, options) < 0)
    fail("SANDBOX_OVERLAY", "overlay of %zu layers on %s", lowers->count, target);
}

void mount_overlay(const char *target, const struct overlay *overlay) {
  if (!mount_by_layers(target, overlay)) mount_by_options(target, overlay);
}

int mount_root(const struct spec *spec) {
  if (spec->driver == ROOT_OVERLAY) {
    mount_overlay(spec->root, &(struct overlay){.lowers = &spec->lowers, .upper = spec->upper, .work = spec->work, .durable = spec->durable});
  } else {
    /* pivot_root wants a mount of its own */
    OWNED_FD directory = open(spec->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    OWNED_FD copy = directory < 0 ? -1 : kernel_clone_mount(directory, "", AT_RECURSIVE);
    if (copy < 0 || kernel_attach(copy, directory) < 0) fail("SANDBOX_ROOT", "cannot bind %s", spec->root);
  }
  int root = open(spec->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) fail("SANDBOX_ROOT", "cannot open %s", spec->root);
  return root;
}

void enter_root(int root, bool readonly) {
  if (readonly && kernel_set_attributes(root, 0, MOUNT_ATTR_RDONLY) < 0)
    fail("SANDBOX_ROOT", "cannot make the root read-only");
  if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0) fail("SANDBOX_ROOT", "pivot_root");
  /* the old root now lies on top of the new one at the same place */
  if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) fail("SANDBOX_ROOT", "cannot leave the old root");
}
