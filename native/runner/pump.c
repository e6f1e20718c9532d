#include "pump.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static void close_ends(struct pump *pump) {
  if (pump->close_from && pump->from >= 0) close(pump->from);
  if (pump->close_to && pump->to >= 0) close(pump->to);
  pump->from = pump->to = -1;
}

bool pump_wants(const struct pump *pump, struct pollfd *entry) {
  bool writing = pump->start < pump->end;
  entry->fd = writing ? pump->to : pump->from;
  entry->events = writing ? POLLOUT : POLLIN;
  entry->revents = 0;
  return entry->fd >= 0;
}

static void fill(struct pump *pump) {
  ssize_t got = read(pump->from, pump->buffer, sizeof pump->buffer);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  /* a terminal whose last user has gone gives EIO: the end, as a pipe's is 0 */
  if (got <= 0) {
    close_ends(pump);
    return;
  }
  pump->start = 0;
  pump->end = (size_t)got;
}

/* Without waiting where that is possible: signals and the other direction must not wait for a slow reader. */
static ssize_t give(int fd, const char *data, size_t size) {
  ssize_t sent = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 && errno == ENOTSOCK ? write(fd, data, size) : sent;
}

void pump_move(struct pump *pump) {
  if (pump->from < 0) return;
  if (pump->start == pump->end) fill(pump);
  if (pump->start == pump->end) return;
  ssize_t wrote = give(pump->to, pump->buffer + pump->start, pump->end - pump->start);
  if (wrote >= 0) pump->start += (size_t)wrote;
  else if (errno != EINTR && errno != EAGAIN) close_ends(pump);
}
