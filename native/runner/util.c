#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

void free_text(char **text) {
  free(*text);
  *text = NULL;
}

const char *fd_path(char buffer[FD_PATH_SIZE], int fd) {
  snprintf(buffer, FD_PATH_SIZE, "/proc/self/fd/%d", fd);
  return buffer;
}

void *must_alloc(size_t size) {
  void *memory = calloc(1, size);
  if (memory == NULL) fail("RUNNER_MEMORY", "out of memory");
  return memory;
}

char *must_copy(const char *text) {
  char *copy = strdup(text);
  if (copy == NULL) fail("RUNNER_MEMORY", "out of memory");
  return copy;
}

char *must_print(const char *format, ...) {
  char *text = NULL;
  va_list args;
  va_start(args, format);
  int size = vasprintf(&text, format, args);
  va_end(args);
  if (size < 0) fail("RUNNER_MEMORY", "out of memory");
  return text;
}

int write_all(int fd, const void *data, size_t size) {
  const char *at = data;
  while (size > 0) {
    ssize_t wrote = write(fd, at, size);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return -1;
    at += wrote;
    size -= (size_t)wrote;
  }
  return 0;
}

char *read_all(int fd, size_t limit, size_t *size) {
  size_t room = 16384, used = 0;
  OWNED_TEXT buffer = must_alloc(room);
  for (;;) {
    ssize_t got = read(fd, buffer + used, room - used - 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return NULL;
    if (got == 0) break;
    used += (size_t)got;
    if (used > limit) {
      errno = EFBIG;
      return NULL;
    }
    if (room - used > 1) continue;
    room *= 2;
    char *larger = realloc(buffer, room);
    if (larger == NULL) return NULL;
    buffer = larger;
  }
  buffer[used] = '\0';
  *size = used;
  char *result = buffer;
  buffer = NULL;
  return result;
}

int write_file(int dirfd, const char *path, const char *text) {
  OWNED_FD fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return -1;
  return write_all(fd, text, strlen(text));
}

int64_t parse_number(const char *text, int64_t max) {
  int64_t value = 0;
  if (*text == '\0') goto invalid;
  for (; *text != '\0'; text++) {
    if (*text < '0' || *text > '9') goto invalid;
    int digit = *text - '0';
    if (value > (max - digit) / 10) goto invalid;
    value = value * 10 + digit;
  }
  return value;
invalid:
  errno = EINVAL;
  return -1;
}

void last_line(int fd, char *line, size_t size) {
  char text[4096];
  off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
  ssize_t got = pread(fd, text, sizeof text - 1, end > (off_t)sizeof text - 1 ? end - (off_t)sizeof text + 1 : 0);
  text[got < 0 ? 0 : got] = '\0';
  snprintf(line, size, "no reason given");
  char *rest = NULL;
  for (char *at = strtok_r(text, "\n", &rest); at != NULL; at = strtok_r(NULL, "\n", &rest))
    if (strstr(at, "to syslog") == NULL) snprintf(line, size, "%s", at);
}
