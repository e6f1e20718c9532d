#include "clients.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util.h"

void add_client(struct clients *clients, int fd) {
  struct client *client = clients->count < MAX_CLIENTS ? calloc(1, sizeof *client) : NULL;
  if (client == NULL) {
    close(fd);
    return;
  }
  client->fd = fd;
  clients->items[clients->count++] = client;
}

bool clients_are_idle(const struct clients *clients) {
  for (size_t i = 0; i < clients->count; i++)
    if (clients->items[i]->start < clients->items[i]->end) return false;
  return true;
}

static void leave(struct client *client) {
  close_fd(&client->fd);
  client->start = client->end = 0;
}

static void send_pending(struct client *client) {
  while (client->start < client->end) {
    ssize_t sent =
        send(client->fd, client->out + client->start, client->end - client->start, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) {
      leave(client);
      return;
    }
    client->start += (size_t)sent;
  }
}

void broadcast(struct clients *clients, enum frame_out type, const char *data, size_t size) {
  for (size_t i = 0; i < clients->count; i++) {
    struct client *client = clients->items[i];
    if (client->fd < 0) continue;
    const unsigned char head[FRAME_HEAD] = {(unsigned char)type, 0, 0, (unsigned char)(size >> 8), (unsigned char)size};
    memcpy(client->out, head, sizeof head);
    memcpy(client->out + FRAME_HEAD, data, size);
    client->start = 0;
    client->end = FRAME_HEAD + size;
    send_pending(client);
  }
}

void client_wants(const struct client *client, struct pollfd *entry, bool input) {
  const short output = client->start < client->end ? POLLOUT : 0;
  const short events = (short)(output | (input ? POLLIN : 0));
  /* one that hangs up while nothing is wanted of it is noticed later, instead of waking us without end */
  *entry = (struct pollfd){.fd = events == 0 ? -1 : client->fd, .events = events};
}

static size_t length_of(const char *head) {
  const unsigned char *byte = (const unsigned char *)head;
  return (size_t)byte[1] << 24 | (size_t)byte[2] << 16 | (size_t)byte[3] << 8 | byte[4];
}

/* One frame at a time: the next is read when the container has taken this one. */
static void receive(struct client *client, frame_handler *handle, void *context) {
  const size_t wanted = client->got < FRAME_HEAD ? FRAME_HEAD : FRAME_HEAD + length_of(client->in);
  if (wanted > sizeof client->in) {
    leave(client);
    return;
  }
  if (wanted > client->got) {
    ssize_t got = recv(client->fd, client->in + client->got, wanted - client->got, MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (got <= 0) {
      leave(client);
      return;
    }
    client->got += (size_t)got;
  }
  if (client->got < FRAME_HEAD || client->got < FRAME_HEAD + length_of(client->in)) return;
  handle(context, (enum frame_in)client->in[0], client->in + FRAME_HEAD, length_of(client->in));
  client->got = 0;
}

void serve_client(struct client *client, short events, frame_handler *handle, void *context) {
  if (events & POLLOUT) send_pending(client);
  if (client->fd >= 0 && events & (POLLIN | POLLHUP | POLLERR)) receive(client, handle, context);
}

void drop_gone_clients(struct clients *clients) {
  size_t kept = 0;
  for (size_t i = 0; i < clients->count; i++) {
    if (clients->items[i]->fd >= 0) clients->items[kept++] = clients->items[i];
    else free(clients->items[i]);
  }
  clients->count = kept;
}
