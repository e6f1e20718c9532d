#include "beneath.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel.h"
#include "util.h"

enum { MAX_LINKS = 40 };

/* A walk in progress: what has been resolved (no links, no dots) and what is still to do. */
struct walk {
  int root;
  char done[PATH_MAX];
  char todo[PATH_MAX];
  int links;
};

static int open_resolved(const struct walk *walk, const char *path, uint64_t flags) {
  return kernel_openat2(walk->root, *path == '\0' ? "." : path, O_PATH | O_NOFOLLOW | flags, 0,
                        RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

static int set_text(char target[PATH_MAX], const char *text) {
  int size = snprintf(target, PATH_MAX, "%s", text);
  if (size >= 0 && size < PATH_MAX) return 0;
  errno = ENAMETOOLONG;
  return -1;
}

/* Takes the next component off `todo`; false at the end. */
static bool next_component(struct walk *walk, char name[NAME_MAX + 1]) {
  const char *at = walk->todo + strspn(walk->todo, "/");
  size_t size = strcspn(at, "/");
  if (size == 0 || size > NAME_MAX) return false;
  memcpy(name, at, size);
  name[size] = '\0';
  memmove(walk->todo, at + size, strlen(at + size) + 1);
  return true;
}

static bool at_end(const struct walk *walk) { return walk->todo[strspn(walk->todo, "/")] == '\0'; }

static void go_up(struct walk *walk) {
  char *slash = strrchr(walk->done, '/');
  if (slash != NULL) *slash = '\0';
  else walk->done[0] = '\0';
}

static int follow_link(struct walk *walk, int link) {
  if (++walk->links > MAX_LINKS) {
    errno = ELOOP;
    return -1;
  }
  char target[PATH_MAX], rest[PATH_MAX];
  ssize_t size = readlinkat(link, "", target, sizeof target - 1);
  if (size <= 0) return -1;
  target[size] = '\0';
  if (target[0] == '/') walk->done[0] = '\0';
  if (set_text(rest, walk->todo) < 0) return -1;
  int total = snprintf(walk->todo, sizeof walk->todo, "%s/%s", target, rest);
  if (total >= 0 && total < PATH_MAX) return 0;
  errno = ENAMETOOLONG;
  return -1;
}

static int create_at(const struct walk *walk, const char *path, const char *name, enum kind kind,
                     const struct creation_observer *create) {
  OWNED_FD parent = open_resolved(walk, walk->done, O_DIRECTORY);
  if (parent < 0) return -1;
  create->before(create->context, path);
  if (kind == KIND_DIRECTORY) {
    if (mkdirat(parent, name, 0755) < 0) return -1;
  } else {
    OWNED_FD file = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (file < 0) return -1;
  }
  create->after(create->context, path, kind);
  return 0;
}

/* One component: leaves `walk` advanced, or with the link's target before the rest. */
static int step(struct walk *walk, const char *name, enum kind kind, const struct creation_observer *create) {
  if (strcmp(name, ".") == 0) return 0;
  if (strcmp(name, "..") == 0) {
    go_up(walk);
    return 0;
  }
  char path[PATH_MAX];
  int size = snprintf(path, sizeof path, "%s%s%s", walk->done, walk->done[0] == '\0' ? "" : "/", name);
  if (size < 0 || size >= PATH_MAX) {
    errno = ENAMETOOLONG;
    return -1;
  }
  OWNED_FD fd = open_resolved(walk, path, 0);
  if (fd < 0) {
    if (errno != ENOENT || create == NULL) return -1;
    if (create_at(walk, path, name, at_end(walk) ? kind : KIND_DIRECTORY, create) < 0) return -1;
    return set_text(walk->done, path);
  }
  struct stat stat;
  if (fstat(fd, &stat) < 0) return -1;
  return S_ISLNK(stat.st_mode) ? follow_link(walk, fd) : set_text(walk->done, path);
}

int open_beneath(int root, const char *path, enum kind kind, const struct creation_observer *create) {
  struct walk walk = {.root = root};
  if (set_text(walk.todo, path) < 0) return -1;
  char name[NAME_MAX + 1];
  while (next_component(&walk, name))
    if (step(&walk, name, kind, create) < 0) return -1;
  if (!at_end(&walk)) {
    errno = ENAMETOOLONG;
    return -1;
  }
  OWNED_FD fd = open_resolved(&walk, walk.done, 0);
  struct stat stat;
  if (fd < 0 || fstat(fd, &stat) < 0) return -1;
  if (S_ISDIR(stat.st_mode) != (kind == KIND_DIRECTORY)) {
    errno = S_ISDIR(stat.st_mode) ? EISDIR : ENOTDIR;
    return -1;
  }
  int result = fd;
  fd = -1;
  return result;
}
