#include "pump.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
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

static void put(struct pump *pump, const unsigned char *data, size_t size) {
  memcpy(pump->buffer + pump->end, data, size);
  pump->end += size;
}

/* What comes after the last key is for nobody. */
static void take_keys(struct pump *pump, const unsigned char *data, size_t size) {
  const struct keys *keys = pump->keys;
  pump->start = pump->end = 0;
  for (size_t i = 0; i < size && !pump->left; i++) {
    if (data[i] != keys->bytes[pump->matched]) {
      put(pump, keys->bytes, pump->matched);
      pump->matched = 0;
    }
    if (data[i] == keys->bytes[pump->matched]) pump->matched++;
    else put(pump, &data[i], 1);
    pump->left = pump->matched == keys->count;
  }
}

static void fill_from_keyboard(struct pump *pump) {
  unsigned char typed[4096];
  ssize_t got = read(pump->from, typed, sizeof typed);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got <= 0) close_ends(pump);
  else take_keys(pump, typed, (size_t)got);
}

static void fill(struct pump *pump) {
  if (pump->keys != NULL) {
    fill_from_keyboard(pump);
    return;
  }
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
