/*
 * What the runner tells its caller goes over a descriptor of its own, never into the program's output:
 * NUL-terminated pairs of key and value, in the order of events:
 *   pid N        process id of the container's first process, in the caller's pid namespace
 *   error CODE   what went wrong, followed by `errno NUMBER` (where there was one) and `message TEXT`
 *   left 1       somebody has left with keys, and the program goes on
 *   exit N       the program ended by itself
 *   signal N     the program was ended by a signal
 */
#ifndef SHALE_RUNNER_REPORT_H
#define SHALE_RUNNER_REPORT_H

#include "util.h"

/* Exit codes as docker's: the sandbox failed, the program cannot be executed, it was not found. */
enum { EXIT_SANDBOX = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

/* Until it is called, reports go to standard error as one line of text. */
void report_to(int fd);
int report_descriptor(void);

void report(const char *key, const char *value);
void report_number(const char *key, long value);

/* Reports the error with the text of errno (when it is not 0) and ends the process with EXIT_SANDBOX. */
void fail(const char *code, const char *format, ...) PRINTF_LIKE(2, 3) __attribute__((noreturn));
/* The same with an exit code of the caller's choice. */
void fail_exit(int status, const char *code, const char *format, ...) PRINTF_LIKE(3, 4) __attribute__((noreturn));

#endif
