#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int report_fd = -1;

void report_to(int fd) { report_fd = fd; }

void report(const char *key, const char *value) {
  if (report_fd < 0) return;
  char record[1024];
  int size = snprintf(record, sizeof record, "%s%c%s", key, '\0', value);
  /* One write, so that records of parent and child never mix; a longer text is cut. */
  size_t whole = size < 0 ? 0 : (size_t)size + 1;
  if (whole > sizeof record) whole = sizeof record;
  if (whole > 0 && write_all(report_fd, record, whole) < 0) report_fd = -1;
}

void report_number(const char *key, long value) {
  char text[24];
  snprintf(text, sizeof text, "%ld", value);
  report(key, text);
}

static void report_failure(const char *code, int error, const char *format, va_list args) {
  char text[640];
  vsnprintf(text, sizeof text, format, args);
  char message[960];
  if (error != 0)
    snprintf(message, sizeof message, "%s: %s", text, strerror(error));
  else
    snprintf(message, sizeof message, "%s", text);
  if (report_fd < 0) {
    dprintf(STDERR_FILENO, "shale-runner: %s: %s\n", code, message);
    return;
  }
  report("error", code);
  if (error != 0) report_number("errno", error);
  report("message", message);
}

void fail(const char *code, const char *format, ...) {
  int error = errno;
  va_list args;
  va_start(args, format);
  report_failure(code, error, format, args);
  va_end(args);
  _exit(EXIT_SANDBOX);
}

void fail_exit(int status, const char *code, const char *format, ...) {
  int error = errno;
  va_list args;
  va_start(args, format);
  report_failure(code, error, format, args);
  va_end(args);
  _exit(status);
}
