#include "rootserver.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "caps.h"
#include "exec.h"
#include "kernel.h"
#include "report.h"
#include "supervise.h"

enum { POLL_MS = 2, MOUNT_MS = 10000, END_MS = 5000 };

static void become_server(const struct spec *spec, int words, int alive) __attribute__((noreturn));
static void become_server(const struct spec *spec, int words, int alive) {
  become_root();
  die_with_supervisor(alive);
  OWNED_FD null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 || dup2(words, STDERR_FILENO) < 0)
    fail("SANDBOX_FUSE", "standard streams");
  reset_signals();
  /* neither the container's streams nor its lock may be held by one more */
  kernel_close_from(3, CLOSE_RANGE_CLOEXEC);
  execv(spec->server.items[0], (char *const *)spec->server.items);
  fail("SANDBOX_FUSE", "cannot execute %s", spec->server.items[0]);
}

/* True when the process has ended within the time. */
static bool ends_within(pid_t process, int ms) {
  for (int waited = 0; waited <= ms; waited += POLL_MS) {
    const pid_t ended = waitpid(process, NULL, WNOHANG);
    if (ended == process || (ended < 0 && errno == ECHILD)) return true;
    poll(NULL, 0, POLL_MS);
  }
  return false;
}

static bool is_mounted(const char *root, dev_t before) {
  struct stat now;
  return stat(root, &now) == 0 && now.st_dev != before;
}

static void fail_with_words(const struct spec *spec, int fd) __attribute__((noreturn));
static void fail_with_words(const struct spec *spec, int fd) {
  char words[512];
  last_line(fd, words, sizeof words);
  errno = 0;
  fail("SANDBOX_FUSE", "%s did not mount: %s", spec->server.items[0], words);
}

pid_t start_root_server(const struct spec *spec, int alive) {
  struct stat before;
  OWNED_FD words = memfd_create("words", MFD_CLOEXEC);
  if (words < 0 || stat(spec->root, &before) < 0) fail("SANDBOX_FUSE", "cannot mount on %s", spec->root);
  pid_t server = fork();
  if (server < 0) fail("SANDBOX_FUSE", "fork");
  if (server == 0) become_server(spec, words, alive);
  for (int waited = 0; waited < MOUNT_MS; waited += POLL_MS) {
    if (is_mounted(spec->root, before.st_dev)) return server;
    if (ends_within(server, 0)) fail_with_words(spec, words);
  }
  kill(server, SIGKILL);
  fail_with_words(spec, words);
}

void stop_root_server(pid_t server) {
  kill(server, SIGTERM);
  if (ends_within(server, END_MS)) return;
  kill(server, SIGKILL);
  while (waitpid(server, NULL, 0) < 0 && errno == EINTR) continue;
}
