/* Small things every file of the runner uses: owned resources, bounded text, whole reads and writes. */
#ifndef SHALE_RUNNER_UTIL_H
#define SHALE_RUNNER_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

void close_fd(int *fd);
void free_text(char **text);

/* The variable gives its resource back when it goes out of scope. */
#define OWNED_FD __attribute__((cleanup(close_fd))) int
#define OWNED_TEXT __attribute__((cleanup(free_text))) char *

#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Room for "/proc/self/fd/" and any descriptor. */
#define FD_PATH_SIZE 32

/* Writes "/proc/self/fd/N": a short name that stands for the descriptor itself, whatever its path has become. */
const char *fd_path(char buffer[FD_PATH_SIZE], int fd);

/* Like malloc, strdup, asprintf; out of memory ends the program. */
void *must_alloc(size_t size);
char *must_copy(const char *text);
char *must_print(const char *format, ...) PRINTF_LIKE(1, 2);

/* Whole buffer or -1 with errno. */
int write_all(int fd, const void *data, size_t size);
/* Reads to end of file, at most `limit` bytes (EFBIG beyond); the result ends in a NUL that is not counted. */
char *read_all(int fd, size_t limit, size_t *size);
/* Writes text into the file at `path`, relative to `dirfd`, that must exist. */
int write_file(int dirfd, const char *path, const char *text);

/* The last line of what a helper has said, without its end; complaints about a missing syslog say nothing. */
void last_line(int fd, char *line, size_t size);

/* Decimal number of the whole text within 0..max, or -1 with EINVAL. */
int64_t parse_number(const char *text, int64_t max);

#endif
