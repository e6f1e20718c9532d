/*
 * Whether and when a container that has ended is started again. The policy stands in the file `restart` of the
 * container's directory, so that who stops the container, or changes its policy, only writes that file:
 * `no`, `always`, `on-failure`, `on-failure:N`.
 */
#ifndef SHALE_RUNNER_RESTART_H
#define SHALE_RUNNER_RESTART_H

#include <stdbool.h>

struct restarts {
  int count;
  /* what was waited before the last start */
  int delay_ms;
};

/*
 * Waits, longer from time to time as docker does, and returns true when the container is to be started now.
 * `status` is its exit code, `ran_ms` how long it ran.
 */
bool await_restart(int directory, struct restarts *restarts, int status, long ran_ms);

#endif
