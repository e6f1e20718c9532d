/*
 *   supervisor -- keeper (pid 1 of a pid namespace) -- pasta or slirp4netns
 *
 * pasta goes into the background as soon as the network is up, so that its first process's end is the news; the pid
 * namespace keeps hold of it. The keeper has a mount namespace too: helpers find the network namespace by a path.
 */
#include "uplink.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec.h"
#include "kernel.h"
#include "report.h"
#include "slirp.h"
#include "supervise.h"

/* The first is where the AppArmor profile that Debian ships lets pasta read a namespace. */
static const char *const PLACES[] = {"/run/user", "/tmp"};
/* What a helper says, bounded because a container may make it say much. */
static const char SCRATCH_OPTIONS[] = "size=256k,mode=0700";

struct keeper {
  const struct spec *spec;
  /* as long as the process lives */
  const char *namespace, *log, *socket;
};

/* Nothing of the container's streams may stay open here: their end would not be seen. */
static void close_all_but(int one, int other) {
  const int low = one < other ? one : other, high = one < other ? other : one;
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; fd++)
    if (null < 0 || dup2(null, fd) < 0) fail("NETWORK_HELPER", "/dev/null");
  if (low > 3) kernel_close_range(3, (unsigned)low - 1, 0);
  if (high > low + 1) kernel_close_range(low + 1, (unsigned)high - 1, 0);
  kernel_close_from(high + 1, 0);
}

static const char *mount_scratch(void) {
  for (size_t i = 0; i < LENGTH(PLACES); i++)
    if (mount("tmpfs", PLACES[i], "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, SCRATCH_OPTIONS) == 0) return PLACES[i];
  fail("NETWORK_HELPER", "cannot mount scratch for the network");
}

static void make_paths(struct keeper *keeper, const char *place) {
  OWNED_TEXT user = must_print("%s/0", place);
  OWNED_TEXT directory = must_print("%s/0/netns", place);
  keeper->namespace = must_print("%s/container", directory);
  keeper->log = must_print("%s/log", place);
  keeper->socket = must_print("%s/socket", place);
  OWNED_FD file = -1;
  if (mkdir(user, 0700) == 0 && mkdir(directory, 0700) == 0)
    file = open(keeper->namespace, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) fail("NETWORK_HELPER", "cannot make %s", keeper->namespace);
}

static int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) fail("NETWORK_HELPER", "waitpid");
  return status;
}

/* Who enters a network namespace does not get back, so that another process does it. */
static void bind_namespace(int container, const char *path) {
  pid_t child = fork();
  if (child < 0) fail("NETWORK_HELPER", "fork");
  if (child == 0) {
    if (setns(container, CLONE_NEWNET) < 0) fail("NETWORK_HELPER", "cannot enter the container's network");
    if (mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL) < 0) fail("NETWORK_HELPER", "cannot name the container's network");
    _exit(0);
  }
  if (wait_for(child) != 0) _exit(EXIT_SANDBOX);
}

static void fail_with_log(const struct keeper *keeper) __attribute__((noreturn));
static void fail_with_log(const struct keeper *keeper) {
  char words[512];
  OWNED_FD log = open(keeper->log, O_RDONLY | O_CLOEXEC);
  last_line(log, words, sizeof words);
  errno = 0;
  fail(strstr(words, "Failed to bind") != NULL ? "NETWORK_PORT_IN_USE" : "NETWORK_HELPER", "%s: %s",
       keeper->spec->uplink.items[0], words);
}

static void become_helper(const struct keeper *keeper, const char *const *more, int ready) __attribute__((noreturn));
static void become_helper(const struct keeper *keeper, const char *const *more, int ready) {
  const struct list *given = &keeper->spec->uplink;
  const char **args = must_alloc((given->count + 8) * sizeof *args);
  memcpy(args, given->items, given->count * sizeof *args);
  for (size_t count = given->count; count < given->count + 7; count++, more++) {
    args[count] = *more;
    args[count + 1] = NULL;
    if (*more == NULL) break;
  }
  reset_signals();
  int log = open(keeper->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0 || dup2(log, STDERR_FILENO) < 0) fail("NETWORK_HELPER", "cannot open %s", keeper->log);
  if (ready >= 0) {
    dup2(ready, SLIRP_READY_FD);
    kernel_close_from(SLIRP_READY_FD + 1, CLOSE_RANGE_CLOEXEC);
  } else {
    kernel_close_from(3, CLOSE_RANGE_CLOEXEC);
  }
  char *empty[] = {NULL};
  execve(args[0], (char *const *)args, empty);
  fail("NETWORK_HELPER", "cannot execute %s", args[0]);
}

static void start_pasta(const struct keeper *keeper) {
  const char *const more[] = {"--netns", keeper->namespace, NULL};
  pid_t child = fork();
  if (child < 0) fail("NETWORK_HELPER", "fork");
  if (child == 0) become_helper(keeper, more, -1);
  if (wait_for(child) != 0) fail_with_log(keeper);
}

static void start_slirp(const struct keeper *keeper) {
  const char *const more[] = {"--api-socket", keeper->socket, keeper->namespace, "eth0", NULL};
  int ready[2];
  char byte;
  if (pipe2(ready, O_CLOEXEC) < 0) fail("NETWORK_HELPER", "pipe");
  pid_t child = fork();
  if (child < 0) fail("NETWORK_HELPER", "fork");
  if (child == 0) become_helper(keeper, more, ready[1]);
  close(ready[1]);
  if (read(ready[0], &byte, 1) != 1) fail_with_log(keeper);
  close(ready[0]);
  for (size_t i = 0; i < keeper->spec->forwards.count; i++) slirp_forward(keeper->socket, keeper->spec->forwards.items[i]);
}

static void keep_uplink(const struct spec *spec, int container, int gate, int alive) __attribute__((noreturn));
static void keep_uplink(const struct spec *spec, int container, int gate, int alive) {
  die_with_supervisor(alive);
  setsid();
  struct keeper keeper = {.spec = spec};
  make_paths(&keeper, mount_scratch());
  bind_namespace(container, keeper.namespace);
  close_all_but(gate, report_descriptor());
  if (spec->helper == UPLINK_PASTA) start_pasta(&keeper);
  else start_slirp(&keeper);
  if (write_all(gate, "x", 1) < 0) _exit(EXIT_SANDBOX);
  kernel_close_from(3, 0);
  while (waitpid(-1, NULL, 0) >= 0 || errno == EINTR) continue;
  _exit(0);
}

pid_t start_uplink(const struct spec *spec, pid_t container, int gate, int alive) {
  /* by number the keeper could not find it: numbers are another namespace's */
  OWNED_FD namespaces = (int)syscall(SYS_pidfd_open, container, 0);
  if (namespaces < 0) fail("NETWORK_HELPER", "pidfd_open");
  pid_t keeper = (pid_t)syscall(SYS_clone, CLONE_NEWNS | CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
  if (keeper < 0) fail("NETWORK_HELPER", "the kernel refuses new namespaces");
  if (keeper == 0) keep_uplink(spec, namespaces, gate, alive);
  return keeper;
}

void await_uplink(int gate) {
  char byte;
  ssize_t got;
  while ((got = read(gate, &byte, 1)) < 0 && errno == EINTR) continue;
  if (got != 1) _exit(EXIT_SANDBOX);
}

void stop_uplink(pid_t keeper) {
  kill(keeper, SIGKILL);
  while (waitpid(keeper, NULL, 0) < 0 && errno == EINTR) continue;
}
