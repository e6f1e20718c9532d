/* Finds the container from outside. */
#ifndef SHALE_RUNNER_INSIDE_H
#define SHALE_RUNNER_INSIDE_H

#include <stdbool.h>
#include <sys/types.h>

struct inside {
  /* the container's first process, and the one that holds it: its user namespace is the one the container was made from */
  pid_t first, owner;
};

/* Below the process `monitor`. Returns false when there is no container now. */
bool find_inside(pid_t monitor, struct inside *found);

#endif
