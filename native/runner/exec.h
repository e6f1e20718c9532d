/* The last steps before the program: limits, signals, where it is and what it is. */
#ifndef SHALE_RUNNER_EXEC_H
#define SHALE_RUNNER_EXEC_H

#include "spec.h"

void set_limits(const struct spec *spec);

/* Signals as a fresh process has them: node ignores SIGPIPE and blocks none, which must not be inherited. */
void reset_signals(void);

/*
 * Makes the working directory when it is missing (as root, before the user is changed), without leaving the root.
 */
void make_working_directory(int root, const char *cwd);

/* chdir, and proof that the place is inside the root (CVE-2024-21626). */
void enter_working_directory(const char *cwd);

/* Executes the program, searched in the PATH of its own environment; exits with 126 or 127 when it cannot. */
void execute(const struct spec *spec) __attribute__((noreturn));

#endif
