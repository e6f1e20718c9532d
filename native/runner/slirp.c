#include "slirp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "report.h"
#include "util.h"

enum { REPLY_LIMIT = 4096 };

void slirp_forward(const char *path, const char *request) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  OWNED_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("NETWORK_HELPER", "cannot talk to slirp4netns");
  if (write_all(fd, request, strlen(request)) < 0 || shutdown(fd, SHUT_WR) < 0) fail("NETWORK_HELPER", "slirp4netns does not listen");
  size_t size = 0;
  OWNED_TEXT reply = read_all(fd, REPLY_LIMIT, &size);
  errno = 0;
  if (reply == NULL) fail("NETWORK_HELPER", "slirp4netns does not answer");
  if (strstr(reply, "\"error\"") != NULL) fail("NETWORK_PORT_IN_USE", "slirp4netns refuses %s", request);
}
