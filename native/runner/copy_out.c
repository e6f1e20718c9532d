#include "copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "file_type.h"
#include "report.h"
#include "tar_write.h"

static const char HIDDEN[] = ".wh.";

static void put(const void *data, size_t size) {
  if (write_all(STDOUT_FILENO, data, size) < 0) fail_exit(1, "COPY", "cannot write the tar");
}

static void put_header(const char *path, const struct stat *stat, const char *link) {
  shale_entry entry = {.type = shale_type_of(stat->st_mode),
                       .mode = stat->st_mode & 07777,
                       .uid = stat->st_uid,
                       .gid = stat->st_gid,
                       .mtime = stat->st_mtim.tv_sec,
                       .path = shale_text(path),
                       .link = shale_text(link)};
  if (entry.type == SHALE_FILE) entry.size = (uint64_t)stat->st_size;
  if (entry.type == SHALE_CHAR || entry.type == SHALE_BLOCK) {
    entry.has_device = true;
    entry.major = major(stat->st_rdev);
    entry.minor = minor(stat->st_rdev);
  }
  uint8_t *header = must_alloc(shale_tar_header_bound(&entry));
  const size_t size = shale_tar_header(&entry, header);
  errno = 0;
  if (size == 0) fail_exit(1, "COPY", "%s cannot stand in a tar", path);
  put(header, size);
  free(header);
}

/* Exactly as many bytes as the header says, whatever becomes of the file meanwhile. */
static void put_content(int file, uint64_t size) {
  static char data[1 << 16];
  static const char zeros[SHALE_TAR_BLOCK];
  for (uint64_t left = size; left > 0;) {
    const size_t wanted = left < sizeof data ? (size_t)left : sizeof data;
    ssize_t got = read(file, data, wanted);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      memset(data, 0, wanted);
      got = (ssize_t)wanted;
    }
    put(data, (size_t)got);
    left -= (uint64_t)got;
  }
  put(zeros, shale_tar_padding(size));
}

static void put_entry(int parent, const char *name, const char *path, bool follow);

static void put_children(int directory, const char *path) {
  DIR *entries = fdopendir(directory);
  if (entries == NULL) fail_exit(1, "COPY", "cannot read %s", path);
  for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    OWNED_TEXT below = *path == '\0' ? must_copy(entry->d_name) : must_print("%s/%s", path, entry->d_name);
    errno = 0;
    if (strncmp(entry->d_name, HIDDEN, strlen(HIDDEN)) == 0) fail_exit(1, "COPY", "%s: the name means something else in a layer", below);
    put_entry(dirfd(entries), entry->d_name, below, false);
  }
  closedir(entries);
}

static void put_link(int link, const char *path, const struct stat *stat) {
  char target[SHALE_MAX_PATH + 1];
  ssize_t size = readlinkat(link, "", target, sizeof target - 1);
  if (size < 0) fail_exit(1, "COPY", "cannot read the link %s", path);
  target[size] = '\0';
  put_header(path, stat, target);
}

/* The descriptor decides what is there; what is opened to be read is looked at again, it may be another thing by then. */
static void put_entry(int parent, const char *name, const char *path, bool follow) {
  OWNED_FD place = openat(parent, name, O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
  struct stat stat;
  if (place < 0 || fstat(place, &stat) < 0) fail_exit(1, "COPY", "%s", path);
  if (S_ISSOCK(stat.st_mode)) return;
  if (S_ISLNK(stat.st_mode)) {
    put_link(place, path, &stat);
    return;
  }
  const bool readable = S_ISREG(stat.st_mode) || S_ISDIR(stat.st_mode);
  char link[FD_PATH_SIZE];
  OWNED_FD file = readable ? open(fd_path(link, place), O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
  if (readable && (file < 0 || fstat(file, &stat) < 0)) fail_exit(1, "COPY", "cannot open %s", path);
  /* the root of what is copied has no name where its content alone is wanted */
  if (*path != '\0') put_header(path, &stat, "");
  if (S_ISREG(stat.st_mode)) put_content(file, (uint64_t)stat.st_size);
  if (!S_ISDIR(stat.st_mode)) return;
  int directory = fcntl(file, F_DUPFD_CLOEXEC, 3);
  if (directory < 0) fail_exit(1, "COPY", "cannot read %s", path);
  put_children(directory, path);
}

void copy_out(const char *path, const char *name, bool follow) {
  static const char end[2 * SHALE_TAR_BLOCK];
  put_entry(AT_FDCWD, path, name, follow);
  put(end, sizeof end);
}
