/* Moves bytes between the caller's streams and the container's, without looking at them. */
#ifndef SHALE_RUNNER_PUMP_H
#define SHALE_RUNNER_PUMP_H

#include <stdbool.h>
#include <stddef.h>

/* One direction. `buffer` holds what was read and not yet written. */
struct pump {
  int from, to;
  bool close_from, close_to;
  size_t start, end;
  char buffer[65536];
};

/* Fills `entry` with what the pump waits for; false when it has nothing to do any more. */
struct pollfd;
bool pump_wants(const struct pump *pump, struct pollfd *entry);

/* Moves what can be moved; closes its ends after the end of the stream or a broken target. */
void pump_move(struct pump *pump);

#endif
