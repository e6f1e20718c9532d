/*
 * `shale-runner settle-upper --report FD UPPER LOWER...` (lowers topmost first): turns what fuse-overlayfs left in
 * an upper directory into what the kernel's overlay would have left, so that the tree serves both:
 *   .wh.NAME files            become 0:0 devices
 *   .wh..wh..opq, .wh..opq    go; the directory gets the xattr, when something lies below that it hides
 */
#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
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

static void settle_whiteout(const char *path, int base) {
  const char *name = path + base;
  if (strncmp(name, WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) != 0 || is_opaque_mark(name)) return;
  OWNED_TEXT hidden = must_print("%.*s%s", base, path, name + strlen(WHITEOUT_PREFIX));
  if (mknod(hidden, S_IFCHR, 0) < 0 && errno != EEXIST) fail("SANDBOX_FUSE", "cannot make the whiteout %s", hidden);
  if (unlink(path) < 0) fail("SANDBOX_FUSE", "cannot remove %s", path);
}

/* nftw gives its callback no context */
static size_t upper_length;
static char **lower_roots;

static int settle_entry(const char *path, const struct stat *stat, int type, struct FTW *place) {
  (void)stat;
  if (type == FTW_DNR || type == FTW_NS) fail("SANDBOX_FUSE", "cannot read %s", path);
  lremovexattr(path, FUSE_ORIGIN);
  if (type != FTW_DP) settle_whiteout(path, place->base);
  /* a directory when all below it is done, so that its time stays as it was */
  else if (place->level > 0) settle_directory(path, path + upper_length + 1, lower_roots);
  return 0;
}

int command_settle(int argc, char **argv) {
  enum { OPEN_DIRECTORIES = 64 };
  errno = 0;
  if (argc < 5 || strcmp(argv[2], "--report") != 0) fail("RUNNER_USAGE", "settle-upper --report FD UPPER LOWER...");
  report_to((int)parse_number(argv[3], 1 << 20));
  upper_length = strlen(argv[4]);
  lower_roots = argv + 5;
  if (nftw(argv[4], settle_entry, OPEN_DIRECTORIES, FTW_PHYS | FTW_DEPTH | FTW_MOUNT) < 0)
    fail("SANDBOX_FUSE", "cannot read %s", argv[4]);
  return 0;
}
