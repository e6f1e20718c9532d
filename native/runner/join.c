/*
 * `shale-runner exec --pid N --owner N --spec FD --report FD [--detach 1]`: one more program in a running container.
 * --pid is the container's first process, --owner one in the user namespace that the container was made from.
 */
#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caps.h"
#include "container.h"
#include "pty.h"
#include "report.h"
#include "seal.h"
#include "seccomp.h"
#include "streams.h"

static const char *const NAMESPACES[] = {"mnt", "pid", "ipc", "uts", "cgroup", "net"};

static int open_namespace(int pid, const char *name) {
  OWNED_TEXT path = must_print("/proc/%d/ns/%s", pid, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail("SANDBOX_JOIN", "cannot open %s", path);
  return fd;
}

static bool is_own(int namespace, const char *name) {
  OWNED_TEXT path = must_print("/proc/self/ns/%s", name);
  struct stat own, other;
  return stat(path, &own) == 0 && fstat(namespace, &other) == 0 && own.st_ino == other.st_ino;
}

/* All are opened first: /proc is another one once the container's mounts are ours. */
static void enter_namespaces(int pid, int owner) {
  int fds[LENGTH(NAMESPACES)];
  for (size_t i = 0; i < LENGTH(NAMESPACES); i++) {
    fds[i] = open_namespace(pid, NAMESPACES[i]);
    if (is_own(fds[i], NAMESPACES[i])) close_fd(&fds[i]);
  }
  OWNED_FD user = open_namespace(owner, "user");
  if (!is_own(user, "user") && setns(user, CLONE_NEWUSER) < 0) fail("SANDBOX_JOIN", "cannot enter the user namespace");
  if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) fail("SANDBOX_JOIN", "cannot become root of the user namespace");
  setgroups(0, NULL);
  for (size_t i = 0; i < LENGTH(NAMESPACES); i++) {
    if (fds[i] >= 0 && setns(fds[i], 0) < 0) fail("SANDBOX_JOIN", "cannot enter the %s namespace", NAMESPACES[i]);
    close_fd(&fds[i]);
  }
}

static bool has_argument(char **argv, const char *name) {
  for (; *argv != NULL; argv++)
    if (strcmp(*argv, name) == 0) return true;
  return false;
}

int command_exec(int argc, char **argv) {
  run_from_sealed_copy(argv);
  const bool detach = has_argument(argv, "--detach");
  pid_t caller = getppid();
  int spec_fd = number_argument(argc, argv, "--spec");
  report_to(number_argument(argc, argv, "--report"));
  if (!detach && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != caller)) return EXIT_SANDBOX;
  prctl(PR_SET_DUMPABLE, 0);
  struct spec spec = read_spec(spec_fd);
  close(spec_fd);

  int signals = catch_signals();
  int alive[2], started[2], terminal[2];
  if (pipe2(alive, O_CLOEXEC) < 0 || pipe2(started, O_CLOEXEC) < 0 ||
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, terminal) < 0)
    fail("SANDBOX_START", "pipe");
  struct container container = {.spec = &spec, .terminal = terminal[1], .alive = detach ? -1 : alive[0], .gate = -1};
  container.capabilities = capability_mask(&spec.caps);
  container.filter = prepare_filter(&spec, container.capabilities);
  struct supervision supervision = {.master = -1, .null = open("/dev/null", O_RDWR | O_CLOEXEC)};
  for (int fd = 0; fd < 3 && !spec.tty; fd++) give_stream(&container, &supervision, fd);
  enter_namespaces(number_argument(argc, argv, "--pid"), number_argument(argc, argv, "--owner"));
  if (!detach && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) fail("SANDBOX_SUPERVISE", "prctl");

  supervision.child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (supervision.child < 0) fail("SANDBOX_START", "fork");
  if (supervision.child == 0) {
    close(alive[1]);
    close(terminal[0]);
    join_container(&container);
  }
  close(terminal[1]);
  close_given_streams(&container);
  if (spec.tty) take_terminal(&supervision, terminal[0]);
  if (supervision.master >= 0 && supervision.null >= 0 && spec.detach_keys.count > 0)
    supervision.pumps[0]->keys = &spec.detach_keys;
  await_start(started);
  int status = supervise(&supervision, signals);
  restore_terminal();
  return report_end(status);
}
