/*
 * `shale-runner settle-upper --report FD UPPER LOWER...` (lowers topmost first): turns what fuse-overlayfs left in
 * an upper directory into what the kernel's overlay would have left, so that the tree serves both:
 *   .wh.NAME files            become 0:0 devices
 *   .wh..wh..opq, .wh..opq    go; the directory gets the xattr, when something lies below that it hides
 */
#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "report.h"

static const char WHITEOUT_PREFIX[] = ".wh.";
static const char *const OPAQUE_MARKS[] = {".wh..wh..opq", ".wh..opq"};
static const char FUSE_OPAQUE[] = "user.fuseoverlayfs.opaque";
/* Where a file was copied up from. In a lower directory it makes fuse-overlayfs 1.10 read that file's content instead. */
static const char FUSE_ORIGIN[] = "user.fuseoverlayfs.origin";
static const char KERNEL_OPAQUE[] = "user.overlay.opaque";

/* fuse-overlayfs marks every new directory; the mark matters only where a layer below has one of that name. */
static bool hides_something(const char *relative, char **lowers) {
  for (; *lowers != NULL; lowers++) {
    OWNED_FD lower = open(*lowers, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat stat;
    if (fstatat(lower, relative, &stat, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(stat.st_mode)) return true;
  }
  return false;
}

static void settle_directory(const char *path, const char *relative, char **lowers) {
  OWNED_FD fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat before;
  if (fd < 0 || fstat(fd, &before) < 0) fail("SANDBOX_FUSE", "cannot open %s", path);
  bool opaque = fgetxattr(fd, FUSE_OPAQUE, NULL, 0) >= 0;
  for (size_t i = 0; i < LENGTH(OPAQUE_MARKS); i++) opaque |= unlinkat(fd, OPAQUE_MARKS[i], 0) == 0;
  if (!opaque) return;
  fremovexattr(fd, FUSE_OPAQUE);
  if (hides_something(relative, lowers) && fsetxattr(fd, KERNEL_OPAQUE, "y", 1, 0) < 0)
    fail("SANDBOX_FUSE", "cannot mark %s", path);
  const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, before.st_mtim};
  futimens(fd, times);
}

static bool is_opaque_mark(const char *name) {
  for (size_t i = 0; i < LENGTH(OPAQUE_MARKS); i++)
    if (strcmp(name, OPAQUE_MARKS[i]) == 0) return true;
  return false;
}

static void settle_whiteout(const FTSENT *entry) {
  const char *name = entry->fts_name;
  if (strncmp(name, WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) != 0 || is_opaque_mark(name)) return;
  const int parent = (int)(entry->fts_pathlen - entry->fts_namelen);
  OWNED_TEXT hidden = must_print("%.*s%s", parent, entry->fts_path, name + strlen(WHITEOUT_PREFIX));
  if (mknod(hidden, S_IFCHR, 0) < 0 && errno != EEXIST) fail("SANDBOX_FUSE", "cannot make the whiteout %s", hidden);
  if (unlink(entry->fts_path) < 0) fail("SANDBOX_FUSE", "cannot remove %s", entry->fts_path);
}

int command_settle(int argc, char **argv) {
  errno = 0;
  if (argc < 5 || strcmp(argv[2], "--report") != 0) fail("RUNNER_USAGE", "settle-upper --report FD UPPER LOWER...");
  report_to((int)parse_number(argv[3], 1 << 20));
  char *roots[] = {argv[4], NULL};
  FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
  if (walk == NULL) fail("SANDBOX_FUSE", "cannot read %s", argv[4]);
  const size_t prefix = strlen(argv[4]) + 1;
  for (FTSENT *entry = fts_read(walk); entry != NULL; entry = fts_read(walk)) {
    if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR) {
      errno = entry->fts_errno;
      fail("SANDBOX_FUSE", "cannot read %s", entry->fts_path);
    }
    lremovexattr(entry->fts_path, FUSE_ORIGIN);
    /* a directory when all below it is done, so that its time stays as it was */
    if (entry->fts_info == FTS_DP && entry->fts_level > 0) settle_directory(entry->fts_path, entry->fts_path + prefix, argv + 5);
    else if (entry->fts_info != FTS_D && entry->fts_info != FTS_DP) settle_whiteout(entry);
  }
  fts_close(walk);
  return 0;
}
