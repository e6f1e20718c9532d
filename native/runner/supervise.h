/* What the runner does while the container lives. */
#ifndef SHALE_RUNNER_SUPERVISE_H
#define SHALE_RUNNER_SUPERVISE_H

#include <sys/types.h>

#include "pump.h"

enum { MAX_PUMPS = 3 };

struct supervision {
  pid_t child;
  /* master side of the container's terminal, or -1 */
  int master;
  struct pump *pumps[MAX_PUMPS];
  size_t pump_count;
  /* /dev/null, which takes the place of the terminal of somebody who leaves */
  int null;
};

/* Ends the process with its parent from here on; `alive` is a pipe whose other end only the parent holds. */
void die_with_supervisor(int alive);

/* Blocks the signals that are to be read; returns the signalfd. */
int catch_signals(void);

/* Forwards signals and bytes, also when the person has left with keys, until the child has ended and its output is drained; returns its wait status. */
int supervise(struct supervision *supervision, int signals);

#endif
