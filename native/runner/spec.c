#include "spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

enum { SPEC_LIMIT = 8 << 20 };

static const int64_t MAX_ID = 4294967294; /* 2^32-1 means "no id" to the kernel */

static void append(struct list *list, const char *item) {
  const char **items = realloc(list->items, (list->count + 2) * sizeof *items);
  if (items == NULL) fail("RUNNER_MEMORY", "out of memory");
  items[list->count++] = item;
  items[list->count] = NULL;
  list->items = items;
}

/* One more zeroed element at the end of an array. */
static void *grow(void *array, size_t count, size_t size) {
  char *larger = realloc(array, (count + 1) * size);
  if (larger == NULL) fail("RUNNER_MEMORY", "out of memory");
  memset(larger + count * size, 0, size);
  return larger;
}

static int64_t number(const char *key, const char *value, int64_t max) {
  int64_t result = parse_number(value, max);
  errno = 0;
  if (result < 0) fail("SPEC_INVALID", "%s: %s is not a number from 0 to %lld", key, value, (long long)max);
  return result;
}

static bool flag(const char *key, const char *value) { return number(key, value, 1) == 1; }

static int choice(const char *key, const char *value, const char *zero, const char *one) {
  if (strcmp(value, zero) == 0) return 0;
  if (strcmp(value, one) == 0) return 1;
  errno = 0;
  fail("SPEC_INVALID", "%s: neither %s nor %s: %s", key, zero, one, value);
}

static int one_of(const char *key, const char *value, const char *const *names, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(value, names[i]) == 0) return (int)i;
  errno = 0;
  fail("SPEC_INVALID", "%s: no such type: %s", key, value);
}

static enum mount_type mount_type(const char *key, const char *value) {
  static const char *const NAMES[] = {"bind", "tmpfs", "tree", "secret"};
  return (enum mount_type)one_of(key, value, NAMES, LENGTH(NAMES));
}

static enum network network_type(const char *key, const char *value) {
  static const char *const NAMES[] = {"host", "none", "private", "joined"};
  return (enum network)one_of(key, value, NAMES, LENGTH(NAMES));
}

static const char *absolute(const char *key, const char *value) {
  errno = 0;
  if (value[0] != '/') fail("SPEC_INVALID", "%s: not an absolute path: %s", key, value);
  return value;
}

static bool read_mount(struct spec *spec, const char *key, const char *value) {
  if (strcmp(key, "mount") == 0) {
    spec->mounts = grow(spec->mounts, spec->mount_count, sizeof *spec->mounts);
    spec->mounts[spec->mount_count++].type = mount_type(key, value);
    return true;
  }
  if (strncmp(key, "mount-", 6) != 0 || spec->mount_count == 0) return false;
  struct mount_spec *mount = &spec->mounts[spec->mount_count - 1];
  const char *field = key + 6;
  if (strcmp(field, "source") == 0) mount->source = absolute(key, value);
  else if (strcmp(field, "target") == 0) mount->target = absolute(key, value);
  else if (strcmp(field, "readonly") == 0) mount->readonly = flag(key, value);
  else if (strcmp(field, "size") == 0) mount->size = number(key, value, INT64_MAX);
  else if (strcmp(field, "mode") == 0) mount->mode = number(key, value, 07777);
  else if (strcmp(field, "inodes") == 0) mount->inodes = number(key, value, INT64_MAX);
  else if (strcmp(field, "devices") == 0) mount->devices = flag(key, value);
  else if (strcmp(field, "noexec") == 0) mount->noexec = flag(key, value);
  else if (strcmp(field, "suid") == 0) mount->suid = flag(key, value);
  else if (strcmp(field, "root") == 0) mount->root = absolute(key, value);
  else if (strcmp(field, "lower") == 0) append(&mount->lowers, absolute(key, value));
  else if (strcmp(field, "upper") == 0) mount->upper = absolute(key, value);
  else if (strcmp(field, "work") == 0) mount->work = absolute(key, value);
  else if (strcmp(field, "content") == 0) mount->content = value;
  else if (strcmp(field, "uid") == 0) mount->uid = number(key, value, MAX_ID);
  else if (strcmp(field, "gid") == 0) mount->gid = number(key, value, MAX_ID);
  else return false;
  return true;
}

static bool read_file(struct spec *spec, const char *key, const char *value) {
  if (strcmp(key, "file") == 0) {
    spec->files = grow(spec->files, spec->file_count, sizeof *spec->files);
    spec->files[spec->file_count++] = (struct file_spec){.target = absolute(key, value), .content = ""};
    return true;
  }
  if (strncmp(key, "file-", 5) != 0 || spec->file_count == 0) return false;
  struct file_spec *file = &spec->files[spec->file_count - 1];
  if (strcmp(key, "file-content") == 0) file->content = value;
  else if (strcmp(key, "file-optional") == 0) file->optional = flag(key, value);
  else return false;
  return true;
}

static bool read_limit(struct spec *spec, const char *key, const char *value) {
  if (strcmp(key, "limit") == 0) {
    spec->limits = grow(spec->limits, spec->limit_count, sizeof *spec->limits);
    spec->limits[spec->limit_count++].name = value;
    return true;
  }
  if (strncmp(key, "limit-", 6) != 0 || spec->limit_count == 0) return false;
  struct limit_spec *limit = &spec->limits[spec->limit_count - 1];
  if (strcmp(key, "limit-soft") == 0) limit->soft = number(key, value, INT64_MAX);
  else if (strcmp(key, "limit-hard") == 0) limit->hard = number(key, value, INT64_MAX);
  else return false;
  return true;
}

static bool read_root(struct spec *spec, const char *key, const char *value) {
  if (strcmp(key, "driver") == 0) spec->driver = (enum root_driver)choice(key, value, "directory", "overlay");
  else if (strcmp(key, "root") == 0) spec->root = absolute(key, value);
  else if (strcmp(key, "lower") == 0) append(&spec->lowers, absolute(key, value));
  else if (strcmp(key, "upper") == 0) spec->upper = absolute(key, value);
  else if (strcmp(key, "work") == 0) spec->work = absolute(key, value);
  else if (strcmp(key, "root-server") == 0) append(&spec->server, value);
  else if (strcmp(key, "durable") == 0) spec->durable = flag(key, value);
  else if (strcmp(key, "readonly-root") == 0) spec->readonly_root = flag(key, value);
  else return false;
  return true;
}

static void add_key(struct spec *spec, int64_t key) {
  errno = 0;
  if (spec->detach_keys.count == MAX_KEYS) fail("SPEC_INVALID", "more than %d keys", MAX_KEYS);
  spec->detach_keys.bytes[spec->detach_keys.count++] = (unsigned char)key;
}

static bool read_process(struct spec *spec, const char *key, const char *value) {
  if (strcmp(key, "arg") == 0) append(&spec->args, value);
  else if (strcmp(key, "env") == 0) append(&spec->env, value);
  else if (strcmp(key, "cwd") == 0) spec->cwd = absolute(key, value);
  else if (strcmp(key, "hostname") == 0) spec->hostname = value;
  else if (strcmp(key, "uid") == 0) spec->uid = number(key, value, MAX_ID);
  else if (strcmp(key, "gid") == 0) spec->gid = number(key, value, MAX_ID);
  else if (strcmp(key, "group") == 0) append(&spec->groups, value);
  else if (strcmp(key, "tty") == 0) spec->tty = flag(key, value);
  else if (strcmp(key, "detach-key") == 0) add_key(spec, number(key, value, 255));
  else if (strcmp(key, "copy") == 0) spec->copy = flag(key, value);
  else if (strcmp(key, "init") == 0) spec->init = flag(key, value);
  else return false;
  return true;
}

static bool read_confinement(struct spec *spec, const char *key, const char *value) {
  if (strcmp(key, "cap") == 0) append(&spec->caps, value);
  else if (strcmp(key, "no-new-privs") == 0) spec->no_new_privs = flag(key, value);
  else if (strcmp(key, "seccomp-cache") == 0) spec->seccomp_cache = absolute(key, value);
  else if (strcmp(key, "unmasked") == 0) spec->unmasked = flag(key, value);
  else if (strcmp(key, "emulate-ids") == 0) spec->emulate_ids = flag(key, value);
  else if (strcmp(key, "shm-size") == 0) spec->shm_size = number(key, value, INT64_MAX);
  else return false;
  return true;
}

static bool read_network(struct spec *spec, const char *key, const char *value) {
  if (strcmp(key, "network") == 0) spec->network = network_type(key, value);
  else if (strcmp(key, "network-helper") == 0) spec->helper = (enum helper)choice(key, value, "pasta", "slirp4netns");
  else if (strcmp(key, "network-arg") == 0) append(&spec->uplink, value);
  else if (strcmp(key, "network-forward") == 0) append(&spec->forwards, value);
  else return false;
  return true;
}

static void check_mount(const struct mount_spec *mount) {
  const bool overlaid = mount->lowers.count > 0;
  if (mount->target == NULL || (mount->type != MOUNT_TMPFS && mount->type != MOUNT_SECRET && mount->source == NULL))
    fail("SPEC_INVALID", "mount without source or target");
  if (mount->type == MOUNT_TREE && (mount->root == NULL || (overlaid && (mount->upper == NULL || mount->work == NULL))))
    fail("SPEC_INVALID", "tree without its directories");
  if (mount->type == MOUNT_SECRET && mount->content == NULL) fail("SPEC_INVALID", "secret without content");
}

static void check(const struct spec *spec) {
  errno = 0;
  if (spec->args.count == 0) fail("SPEC_INVALID", "no command");
  if (spec->root == NULL) fail("SPEC_INVALID", "no root");
  if (spec->driver == ROOT_OVERLAY && (spec->lowers.count == 0 || spec->upper == NULL || spec->work == NULL))
    fail("SPEC_INVALID", "overlay without lower, upper and work directories");
  for (size_t i = 0; i < spec->mount_count; i++) check_mount(&spec->mounts[i]);
}

struct spec read_spec(int fd) {
  struct spec spec = {.cwd = "/", .hostname = "localhost", .shm_size = 64 << 20};
  append(&spec.env, NULL);
  spec.env.count = 0;
  size_t size = 0;
  const char *text = read_all(fd, SPEC_LIMIT, &size); /* lives as long as the process: the fields point into it */
  if (text == NULL) fail("SPEC_INVALID", "cannot read the spec");
  for (const char *at = text, *end = text + size; at < end;) {
    const char *key = at;
    const char *value = key + strlen(key) + 1;
    errno = 0;
    if (value >= end) fail("SPEC_INVALID", "%s: no value", key);
    at = value + strlen(value) + 1;
    if (!read_process(&spec, key, value) && !read_root(&spec, key, value) && !read_mount(&spec, key, value) &&
        !read_file(&spec, key, value) && !read_limit(&spec, key, value) && !read_confinement(&spec, key, value) &&
        !read_network(&spec, key, value) && !read_seccomp(&spec.seccomp, key, value))
      fail("SPEC_INVALID", "unknown key %s", key);
  }
  check(&spec);
  return spec;
}
