/* Moves bytes between the caller's streams and the container's, without looking at them. */
#ifndef SHALE_RUNNER_PUMP_H
#define SHALE_RUNNER_PUMP_H

#include <stdbool.h>
#include <stddef.h>

enum { MAX_KEYS = 64 };

/* Keys in a row that leave a container. */
struct keys {
  size_t count;
  unsigned char bytes[MAX_KEYS];
};

/* One direction. `buffer` holds what was read and not yet written. */
struct pump {
  int from, to;
  bool close_from, close_to;
  /* looked for in what is read; those that have come may be the beginning of all, and are held back */
  const struct keys *keys;
  size_t matched;
  /* all of them have come */
  bool left;
  size_t start, end;
  char buffer[65536];
};

/* Fills `entry` with what the pump waits for; false when it has nothing to do any more. */
struct pollfd;
bool pump_wants(const struct pump *pump, struct pollfd *entry);

/* Moves what can be moved; closes its ends after the end of the stream or a broken target. */
void pump_move(struct pump *pump);

#endif
