#include "restart.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

enum { FIRST_DELAY_MS = 100, LONGEST_DELAY_MS = 60000, STABLE_MS = 10000, LOOK_MS = 100 };

static const char ON_FAILURE[] = "on-failure";

static bool policy_says_yes(int directory, const struct restarts *restarts, int status) {
  char text[64];
  OWNED_FD fd = openat(directory, "restart", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
  text[size < 0 ? 0 : size] = '\0';
  if (strcmp(text, "always") == 0) return true;
  if (strncmp(text, ON_FAILURE, strlen(ON_FAILURE)) != 0 || status == 0) return false;
  const char *most = text + strlen(ON_FAILURE);
  return *most != ':' || restarts->count < parse_number(most + 1, 1 << 30);
}

bool await_restart(int directory, struct restarts *restarts, int status, long ran_ms) {
  if (!policy_says_yes(directory, restarts, status)) return false;
  const int longer = restarts->delay_ms * 2;
  restarts->delay_ms = ran_ms > STABLE_MS || longer == 0 ? FIRST_DELAY_MS : longer;
  if (restarts->delay_ms > LONGEST_DELAY_MS) restarts->delay_ms = LONGEST_DELAY_MS;
  for (int waited = 0; waited < restarts->delay_ms; waited += LOOK_MS) {
    poll(NULL, 0, LOOK_MS);
    if (!policy_says_yes(directory, restarts, status)) return false;
  }
  restarts->count++;
  return true;
}
