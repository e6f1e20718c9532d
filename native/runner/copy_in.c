#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "report.h"
#include "tar_read.h"

/* A directory's time is set when all that is in it is there. */
struct made_directory {
  char *path;
  struct timespec time;
};

struct receiver {
  bool owners;
  /* the file whose content comes now, or -1 */
  int file;
  struct timespec time;
  struct made_directory *directories;
  size_t count;
};

static const char *text_of(shale_bytes bytes, char buffer[SHALE_MAX_PATH + 1]) {
  const size_t size = bytes.length < SHALE_MAX_PATH ? bytes.length : SHALE_MAX_PATH;
  memcpy(buffer, bytes.data, size);
  buffer[size] = '\0';
  return buffer;
}

static void finish_file(struct receiver *receiver) {
  if (receiver->file < 0) return;
  const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, receiver->time};
  futimens(receiver->file, times);
  close_fd(&receiver->file);
}

static void make_parents(const char *path) {
  OWNED_TEXT copy = must_copy(path);
  for (char *slash = strchr(copy, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    if (mkdir(copy, 0755) < 0 && errno != EEXIST) fail_exit(1, "COPY", "cannot make %s", copy);
    *slash = '/';
  }
}

static void remember_directory(struct receiver *receiver, const char *path, struct timespec time) {
  struct made_directory *larger = realloc(receiver->directories, (receiver->count + 1) * sizeof *larger);
  if (larger == NULL) fail_exit(1, "COPY", "out of memory");
  larger[receiver->count++] = (struct made_directory){must_copy(path), time};
  receiver->directories = larger;
}

/* One that is there already stays as it is. */
static bool receive_directory(struct receiver *receiver, const char *path, const shale_entry *entry) {
  struct stat stat_of_place;
  if (*path == '\0' || (stat(path, &stat_of_place) == 0 && S_ISDIR(stat_of_place.st_mode))) return false;
  if (mkdir(path, 0700) < 0) fail_exit(1, "COPY", "cannot make the directory %s", path);
  remember_directory(receiver, path, (struct timespec){.tv_sec = entry->mtime});
  return true;
}

static void make_way(const char *path) {
  if (unlink(path) == 0 || errno == ENOENT) return;
  const bool directory = errno == EISDIR;
  if (directory) errno = 0;
  fail_exit(1, "COPY", directory ? "cannot overwrite directory %s with non-directory" : "cannot replace %s", path);
}

static int make_node(const char *path, const shale_entry *entry) {
  char link[SHALE_MAX_PATH + 1];
  switch (entry->type) {
    case SHALE_SYMLINK: return symlink(text_of(entry->link, link), path);
    case SHALE_HARDLINK: return linkat(AT_FDCWD, text_of(entry->link, link), AT_FDCWD, path, 0);
    case SHALE_FIFO: return mknod(path, S_IFIFO | 0600, 0);
    case SHALE_CHAR: return mknod(path, S_IFCHR | 0600, makedev(entry->major, entry->minor));
    case SHALE_BLOCK: return mknod(path, S_IFBLK | 0600, makedev(entry->major, entry->minor));
    default: errno = EINVAL; return -1;
  }
}

static void set_metadata(const struct receiver *receiver, const char *path, const shale_entry *entry) {
  if (entry->type == SHALE_HARDLINK) return;
  if (receiver->owners && fchownat(AT_FDCWD, path, (uid_t)entry->uid, (gid_t)entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
    fail_exit(1, "COPY", "owner of %s", path);
  if (entry->type != SHALE_SYMLINK && chmod(path, entry->mode & 07777) < 0) fail_exit(1, "COPY", "mode of %s", path);
  const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = entry->mtime}};
  if (entry->type != SHALE_DIR) utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
}

static void receive_entry(struct receiver *receiver, const shale_entry *entry) {
  char buffer[SHALE_MAX_PATH + 1];
  const char *path = text_of(entry->path, buffer);
  finish_file(receiver);
  errno = 0;
  if (entry->type == SHALE_WHITEOUT || entry->type == SHALE_OPAQUE)
    fail_exit(1, "COPY", "%s: names that begin with .wh. mean something else in a layer", path);
  make_parents(path);
  if (entry->type == SHALE_DIR) {
    if (receive_directory(receiver, path, entry)) set_metadata(receiver, path, entry);
    return;
  }
  make_way(path);
  if (entry->type == SHALE_FILE) {
    receiver->file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    receiver->time = (struct timespec){.tv_sec = entry->mtime};
  }
  if (entry->type == SHALE_FILE ? receiver->file < 0 : make_node(path, entry) < 0) fail_exit(1, "COPY", "cannot make %s", path);
  set_metadata(receiver, path, entry);
}

static void receive_bytes(struct receiver *receiver, shale_reader *reader, const uint8_t *at, size_t left) {
  for (;;) {
    size_t used = 0;
    const shale_read_event event = shale_reader_next(reader, at, left, &used);
    at += used;
    left -= used;
    if (event == SHALE_READ_MORE) return;
    errno = 0;
    if (event == SHALE_READ_ERROR) fail_exit(1, "COPY", "the tar cannot be read: %s", reader->message);
    if (event == SHALE_READ_ENTRY) receive_entry(receiver, &reader->entry);
    else if (receiver->file >= 0 && write_all(receiver->file, reader->data.data, reader->data.length) < 0)
      fail_exit(1, "COPY", "cannot write");
  }
}

static void set_directory_times(const struct receiver *receiver) {
  for (size_t i = receiver->count; i-- > 0;) {
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, receiver->directories[i].time};
    utimensat(AT_FDCWD, receiver->directories[i].path, times, AT_SYMLINK_NOFOLLOW);
  }
}

void copy_in(const char *directory, bool owners) {
  static shale_reader reader;
  static uint8_t data[1 << 16];
  struct receiver receiver = {.owners = owners, .file = -1};
  if (mkdir(directory, 0755) < 0 && errno != EEXIST) fail_exit(1, "COPY", "cannot make %s", directory);
  if (chdir(directory) < 0) fail_exit(1, "COPY", "%s", directory);
  shale_reader_init(&reader);
  for (;;) {
    ssize_t got = read(STDIN_FILENO, data, sizeof data);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_exit(1, "COPY", "cannot read the tar");
    if (got == 0) break;
    receive_bytes(&receiver, &reader, data, (size_t)got);
  }
  finish_file(&receiver);
  errno = 0;
  if (!shale_reader_finish(&reader)) fail_exit(1, "COPY", "the tar cannot be read: %s", reader.message);
  set_directory_times(&receiver);
}
