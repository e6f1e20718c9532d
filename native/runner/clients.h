/*
 * Those who are attached to a container through its monitor. Both ways frames: a type, four bytes of length (most
 * significant first), the content.
 */
#ifndef SHALE_RUNNER_CLIENTS_H
#define SHALE_RUNNER_CLIENTS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

enum { MAX_CLIENTS = 16, CHUNK = 16384, FRAME_HEAD = 5 };

enum frame_out { FRAME_STDOUT = 1, FRAME_STDERR = 2, FRAME_END = 3 };
enum frame_in { FRAME_INPUT = 0, FRAME_INPUT_END = 1, FRAME_RESIZE = 2 };

struct client {
  int fd;
  size_t start, end, got;
  char out[FRAME_HEAD + CHUNK];
  char in[FRAME_HEAD + CHUNK];
};

struct clients {
  size_t count;
  struct client *items[MAX_CLIENTS];
};

/* Told of each frame that has come; `data` ends with the call. */
typedef void frame_handler(void *context, enum frame_in type, const char *data, size_t size);

void add_client(struct clients *clients, int fd);

/* True when every client has taken what there was: only then more may be broadcast. */
bool clients_are_idle(const struct clients *clients);

void broadcast(struct clients *clients, enum frame_out type, const char *data, size_t size);

/* What to wait for: room for what is to be sent, and, where wanted, frames. */
void client_wants(const struct client *client, struct pollfd *entry, bool input);

/* Sends and receives what is possible now; a client that has gone has fd -1 afterwards. */
void serve_client(struct client *client, short events, frame_handler *handle, void *context);

void drop_gone_clients(struct clients *clients);

#endif
