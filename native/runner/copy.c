#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "report.h"

static bool is_set(const struct spec *spec, size_t at) {
  return at < spec->args.count && strcmp(spec->args.items[at], "1") == 0;
}

static const char *type_name(mode_t mode) {
  if (S_ISDIR(mode)) return "directory";
  return S_ISLNK(mode) ? "link" : "file";
}

static void print_type(const char *path, bool follow) {
  struct stat stat;
  const int found = follow ? fstatat(AT_FDCWD, path, &stat, 0) : fstatat(AT_FDCWD, path, &stat, AT_SYMLINK_NOFOLLOW);
  if (found < 0 && errno != ENOENT && errno != ENOTDIR) fail_exit(1, "COPY", "%s", path);
  printf("%s\n", found < 0 ? "nothing" : type_name(stat.st_mode));
  fflush(stdout);
}

void copy_files(const struct spec *spec) {
  /* whoever waits for a program to be executed waits no longer, and errors go to standard error */
  report_to(-1);
  kernel_close_from(3, 0);
  umask(0);
  errno = 0;
  if (spec->args.count < 2) fail_exit(1, "COPY", "too few arguments");
  const char *what = spec->args.items[0], *path = spec->args.items[1];
  if (strcmp(what, "stat") == 0) print_type(path, is_set(spec, 2));
  else if (strcmp(what, "out") == 0 && spec->args.count > 2) copy_out(path, spec->args.items[2], is_set(spec, 3));
  else if (strcmp(what, "in") == 0) copy_in(path, is_set(spec, 2));
  else fail_exit(1, "COPY", "unknown operation %s", what);
  _exit(0);
}
