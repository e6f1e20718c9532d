#include "stubs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "report.h"
#include "util.h"

enum { MAX_STUBS = 256 };

enum role {
  STUB,     /* made by us */
  COPIED,   /* directory of a lower layer that overlay copied up because a stub was made in it */
  EXISTING, /* directory that was in the upper layer already: only its time is put back */
};

struct stub {
  char path[PATH_MAX];
  enum role role;
  enum kind kind;
  struct timespec mtime, ctime;
};

struct stubs {
  size_t count;
  struct stub items[MAX_STUBS];
};

struct observation {
  struct stubs *stubs;
  int root, upper;
};

struct stubs *new_stubs(void) {
  void *memory = mmap(NULL, sizeof(struct stubs), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail("RUNNER_MEMORY", "mmap");
  return memory;
}

static int open_plain(int dirfd, const char *path, uint64_t flags) {
  return kernel_openat2(dirfd, *path == '\0' ? "." : path, flags | O_NOFOLLOW, 0,
                        RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

static int stat_plain(int dirfd, const char *path, struct stat *stat) {
  OWNED_FD fd = open_plain(dirfd, path, O_PATH);
  return fd < 0 ? -1 : fstat(fd, stat);
}

static struct stub *find(struct stubs *stubs, const char *path) {
  for (size_t i = 0; i < stubs->count; i++)
    if (strcmp(stubs->items[i].path, path) == 0) return &stubs->items[i];
  return NULL;
}

static struct stub *add(struct stubs *stubs, const char *path, enum role role, enum kind kind) {
  errno = 0;
  if (stubs->count >= MAX_STUBS) fail("SANDBOX_MOUNT", "too many missing mount points, at %s", path);
  struct stub *stub = &stubs->items[stubs->count];
  snprintf(stub->path, sizeof stub->path, "%s", path);
  stub->role = role;
  stub->kind = kind;
  stubs->count++;
  return stub;
}

static void note_directory(struct observation *seen, const char *path) {
  if (find(seen->stubs, path) != NULL) return;
  struct stat merged, upper;
  if (stat_plain(seen->root, path, &merged) < 0) fail("SANDBOX_MOUNT", "cannot look at /%s", path);
  enum role role = stat_plain(seen->upper, path, &upper) == 0 ? EXISTING : COPIED;
  add(seen->stubs, path, role, KIND_DIRECTORY)->mtime = merged.st_mtim;
}

/* Every directory on the way is about to be copied up: remember those that are not in the upper layer yet. */
static void before_creation(void *context, const char *path) {
  char prefix[PATH_MAX];
  note_directory(context, "");
  for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    snprintf(prefix, sizeof prefix, "%.*s", (int)(slash - path), path);
    note_directory(context, prefix);
  }
}

static void after_creation(void *context, const char *path, enum kind kind) {
  struct observation *seen = context;
  add(seen->stubs, path, STUB, kind);
}

struct creation_observer observe_stubs(struct stubs *stubs, int root, int upper) {
  struct observation *seen = must_alloc(sizeof *seen);
  *seen = (struct observation){stubs, root, upper};
  return (struct creation_observer){before_creation, after_creation, seen};
}

static void set_mtime(int dirfd, const char *path, struct timespec mtime) {
  OWNED_FD fd = open_plain(dirfd, path, O_RDONLY | O_DIRECTORY);
  const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, mtime};
  if (fd >= 0) futimens(fd, times);
}

void settle_stubs(struct stubs *stubs, int root, int upper) {
  for (size_t i = 0; i < stubs->count; i++) {
    const struct stub *stub = &stubs->items[i];
    if (stub->role != STUB) set_mtime(root, stub->path, stub->mtime);
  }
  for (size_t i = 0; i < stubs->count; i++) {
    struct stub *stub = &stubs->items[i];
    struct stat stat;
    /* a stub inside another mount (a volume) is not in the upper layer: its empty time matches nothing */
    if (stat_plain(upper, stub->path, &stat) == 0) stub->ctime = stat.st_ctim;
  }
}

static bool untouched(int upper, const struct stub *stub) {
  struct stat stat;
  if (stub->role == EXISTING || stat_plain(upper, stub->path, &stat) < 0) return false;
  return stat.st_ctim.tv_sec == stub->ctime.tv_sec && stat.st_ctim.tv_nsec == stub->ctime.tv_nsec &&
         S_ISDIR(stat.st_mode) == (stub->kind == KIND_DIRECTORY);
}

/* fuse-overlayfs marks each new directory with files in it. */
static void remove_fuse_marks(int parent, const char *name) {
  OWNED_FD fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return;
  unlinkat(fd, ".wh..wh..opq", 0);
  unlinkat(fd, ".wh..opq", 0);
}

/* Removes the entry and leaves its directory's time as it was. */
static void remove_one(int upper, const struct stub *stub) {
  char parent_path[PATH_MAX];
  const char *slash = strrchr(stub->path, '/');
  snprintf(parent_path, sizeof parent_path, "%.*s", slash == NULL ? 0 : (int)(slash - stub->path), stub->path);
  OWNED_FD parent = open_plain(upper, parent_path, O_RDONLY | O_DIRECTORY);
  struct stat stat;
  if (parent < 0 || fstat(parent, &stat) < 0) return;
  const char *name = slash == NULL ? stub->path : slash + 1;
  if (stub->kind == KIND_DIRECTORY) remove_fuse_marks(parent, name);
  if (unlinkat(parent, name, stub->kind == KIND_DIRECTORY ? AT_REMOVEDIR : 0) < 0) return;
  const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, stat.st_mtim};
  futimens(parent, times);
}

void remove_stubs(const struct stubs *stubs, int upper) {
  bool removable[MAX_STUBS];
  for (size_t i = 0; i < stubs->count; i++) removable[i] = untouched(upper, &stubs->items[i]);
  for (size_t i = stubs->count; i-- > 0;)
    if (removable[i] && stubs->items[i].path[0] != '\0') remove_one(upper, &stubs->items[i]);
}
