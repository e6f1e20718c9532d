#include "extras.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "mounts.h"
#include "report.h"
#include "rootfs.h"

/* A detached mount of what the descriptor names, and whether it is a directory. */
static int clone_source(const struct mount_spec *mount, int source, enum kind *kind) {
  struct stat stat;
  if (source < 0 || fstat(source, &stat) < 0) fail("SANDBOX_MOUNT_SOURCE", "cannot mount %s", mount->source);
  *kind = S_ISDIR(stat.st_mode) ? KIND_DIRECTORY : KIND_FILE;
  int copy = kernel_clone_mount(source, "", AT_RECURSIVE);
  if (copy < 0) fail("SANDBOX_MOUNT_SOURCE", "cannot mount %s", mount->source);
  if (mount->readonly && kernel_set_attributes(copy, AT_RECURSIVE, MOUNT_ATTR_RDONLY) < 0)
    fail("SANDBOX_MOUNT", "cannot make %s read-only", mount->source);
  return copy;
}

static int open_bind(const struct mount_spec *mount, enum kind *kind) {
  OWNED_FD source = open(mount->source, O_PATH | O_CLOEXEC);
  return clone_source(mount, source, kind);
}

/*
 * The source is resolved beneath the tree's root, links included, and what is mounted is the descriptor that comes
 * out: neither a link nor a concurrent exchange leads to the host (CVE-2024-1753, CVE-2024-9675, CVE-2024-23651).
 */
static int open_tree_source(const struct mount_spec *mount, enum kind *kind) {
  if (mount->lowers.count > 0)
    mount_overlay(mount->root, &(struct overlay){.lowers = &mount->lowers, .upper = mount->upper, .work = mount->work});
  OWNED_FD root = open(mount->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) fail("SANDBOX_MOUNT_SOURCE", "cannot open %s", mount->root);
  OWNED_FD source = open_beneath(root, mount->source, KIND_DIRECTORY, NULL);
  if (source < 0 && errno == ENOTDIR) source = open_beneath(root, mount->source, KIND_FILE, NULL);
  return clone_source(mount, source, kind);
}

struct options {
  /* NULL-terminated pairs */
  const char *pairs[12];
  size_t count;
};

static void add_option(struct options *options, const char *key, const char *value) {
  options->pairs[options->count++] = key;
  options->pairs[options->count++] = value;
}

static int open_tmpfs(const struct mount_spec *mount) {
  char size[24], inodes[24], mode[16], uid[16], gid[16];
  snprintf(size, sizeof size, "%lld", (long long)mount->size);
  snprintf(inodes, sizeof inodes, "%lld", (long long)mount->inodes);
  snprintf(mode, sizeof mode, "%o", mount->mode > 0 ? (unsigned)mount->mode : 01777U);
  snprintf(uid, sizeof uid, "%lld", (long long)mount->uid);
  snprintf(gid, sizeof gid, "%lld", (long long)mount->gid);
  /* to the kernel 0 of size and inodes is "without limit": here it is the kernel's default, half of the memory */
  struct options options = {.pairs = {"mode", mode, "uid", uid, "gid", gid}, .count = 6};
  if (mount->size > 0) add_option(&options, "size", size);
  if (mount->inodes > 0) add_option(&options, "nr_inodes", inodes);
  unsigned attributes = mount->readonly ? MOUNT_ATTR_RDONLY : 0;
  if (!mount->devices) attributes |= MOUNT_ATTR_NODEV;
  if (!mount->suid) attributes |= MOUNT_ATTR_NOSUID;
  if (mount->noexec) attributes |= MOUNT_ATTR_NOEXEC;
  int tmpfs = new_filesystem("tmpfs", attributes, options.pairs);
  if (tmpfs < 0) fail("SANDBOX_MOUNT", "cannot mount a tmpfs for %s", mount->target);
  return tmpfs;
}

static int digit(char text) {
  const char *const digits = "0123456789abcdef";
  const char *found = text == '\0' ? NULL : strchr(digits, text);
  return found == NULL ? -1 : (int)(found - digits);
}

static int write_hexadecimal(int file, const char *text) {
  unsigned char buffer[4096];
  size_t used = 0;
  for (; *text != '\0'; text += 2) {
    const int high = digit(text[0]), low = digit(text[1]);
    errno = EINVAL;
    if (high < 0 || low < 0) return -1;
    buffer[used++] = (unsigned char)(high << 4 | low);
    if (used == sizeof buffer && write_all(file, buffer, used) < 0) return -1;
    if (used == sizeof buffer) used = 0;
  }
  const int result = write_all(file, buffer, used);
  explicit_bzero(buffer, sizeof buffer);
  return result;
}

/* The name of a secret in `dev` until it is mounted. */
static const char SECRET[] = ".secret";

/* In memory, and gone with the container. */
static int open_secret(const struct mount_spec *mount, int dev) {
  OWNED_FD file = openat(dev, SECRET, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0 || write_hexadecimal(file, mount->content) < 0) fail("SANDBOX_MOUNT", "cannot provide %s", mount->target);
  if (fchown(file, (uid_t)mount->uid, (gid_t)mount->gid) < 0 || fchmod(file, (mode_t)mount->mode) < 0)
    fail("SANDBOX_MOUNT", "owner or mode of %s", mount->target);
  int copy = kernel_clone_mount(dev, SECRET, 0);
  if (copy < 0) fail("SANDBOX_MOUNT", "cannot provide %s", mount->target);
  if (kernel_set_attributes(copy, 0, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC) < 0)
    fail("SANDBOX_MOUNT", "cannot make %s read-only", mount->target);
  return copy;
}

static int open_source(const struct mount_spec *mount, int dev, enum kind *kind) {
  *kind = mount->type == MOUNT_SECRET ? KIND_FILE : KIND_DIRECTORY;
  switch (mount->type) {
    case MOUNT_BIND: return open_bind(mount, kind);
    case MOUNT_TREE: return open_tree_source(mount, kind);
    case MOUNT_SECRET: return open_secret(mount, dev);
    case MOUNT_TMPFS: break;
  }
  return open_tmpfs(mount);
}

void mount_extras(int root, int dev, const struct creation_observer *create, const struct spec *spec) {
  for (size_t i = 0; i < spec->mount_count; i++) {
    const struct mount_spec *mount = &spec->mounts[i];
    enum kind kind;
    OWNED_FD source = open_source(mount, dev, &kind);
    OWNED_FD place = open_beneath(root, mount->target, kind, create);
    if (place < 0) fail("SANDBOX_MOUNT", "cannot mount on %s", mount->target);
    refuse_kernel_files(place, mount->target);
    if (kernel_attach(source, place) < 0) fail("SANDBOX_MOUNT", "cannot attach %s", mount->target);
    /* no name leads to it but the one it is mounted on */
    if (mount->type == MOUNT_SECRET && unlinkat(dev, SECRET, 0) < 0) fail("SANDBOX_MOUNT", "cannot hide %s", mount->target);
  }
}
