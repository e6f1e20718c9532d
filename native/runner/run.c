/*
 * `shale-runner run --spec FD --report FD`: one program in a container.
 *
 *   caller (worker) -- supervisor (this) -- the program (pid 1 of the container)
 *
 * The supervisor stays outside the container's namespaces, forwards signals and streams, and cleans up.
 */
#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "caps.h"
#include "container.h"
#include "pty.h"
#include "report.h"
#include "rootserver.h"
#include "seal.h"
#include "seccomp.h"
#include "streams.h"
#include "supervise.h"
#include "uplink.h"

/* Seen from outside: through this descriptor nothing that the container mounts is in the way. */
static int open_upper(const struct spec *spec) {
  const char *path = spec->upper != NULL ? spec->upper : spec->root;
  int upper = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (upper < 0) fail("SANDBOX_OVERLAY", "cannot open %s", path);
  return upper;
}

/*
 * A directory of the caller's may be the root of several containers: removing a mount point would take the mounts on it
 * from the others. Returns a descriptor that says so to them, or -1.
 */
static int share_root(const struct spec *spec) {
  if (spec->driver != ROOT_DIRECTORY) return -1;
  int fd = open(spec->upper != NULL ? spec->upper : spec->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) flock(fd, LOCK_SH | LOCK_NB);
  return fd;
}

/* The last one tidies up; what others have made stays with them. */
static bool is_last(int shared) { return shared < 0 || flock(shared, LOCK_EX | LOCK_NB) == 0; }

static unsigned long namespaces(const struct spec *spec) {
  unsigned long flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
  return spec->network == NETWORK_NONE || spec->network == NETWORK_PRIVATE ? flags | CLONE_NEWNET : flags;
}

int command_run(int argc, char **argv) {
  run_from_sealed_copy(argv);
  pid_t caller = getppid();
  int spec_fd = number_argument(argc, argv, "--spec");
  report_to(number_argument(argc, argv, "--report"));
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != caller) return EXIT_SANDBOX;
  /* no process of the container may look into this one before it is replaced (CVE-2016-9962) */
  prctl(PR_SET_DUMPABLE, 0);
  struct spec spec = read_spec(spec_fd);
  close(spec_fd);

  int signals = catch_signals();
  const bool connected = spec.network == NETWORK_PRIVATE && spec.uplink.count > 0;
  int alive[2], started[2], terminal[2], gate[2] = {-1, -1};
  if (pipe2(alive, O_CLOEXEC) < 0 || pipe2(started, O_CLOEXEC) < 0 || (connected && pipe2(gate, O_CLOEXEC) < 0) ||
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, terminal) < 0)
    fail("SANDBOX_START", "pipe");
  const int shared = share_root(&spec);
  const pid_t server = spec.server.count > 0 ? start_root_server(&spec, alive[0]) : -1;
  struct container container = {
      .spec = &spec, .stubs = new_stubs(), .upper = open_upper(&spec), .terminal = terminal[1], .alive = alive[0], .gate = gate[0]};
  container.capabilities = capability_mask(&spec.caps);
  container.filter = prepare_filter(&spec, container.capabilities);
  struct supervision supervision = {.master = -1, .null = -1};
  for (int fd = 0; fd < 3 && !spec.tty; fd++) give_stream(&container, &supervision, fd);

  supervision.child = (pid_t)syscall(SYS_clone, namespaces(&spec) | SIGCHLD, 0, 0, 0, 0);
  if (supervision.child < 0) fail("SANDBOX_START", "the kernel refuses new namespaces");
  if (supervision.child == 0) {
    close(alive[1]);
    close(terminal[0]);
    close_fd(&gate[1]);
    start_container(&container);
  }
  report_number("pid", supervision.child);
  /* while the container makes its mounts */
  const pid_t uplink = connected ? start_uplink(&spec, supervision.child, gate[1], alive[0]) : -1;
  close_fd(&gate[0]);
  close_fd(&gate[1]);
  close(terminal[1]);
  close_given_streams(&container);
  if (spec.tty) take_terminal(&supervision, terminal[0]);
  await_start(started);
  int status = supervise(&supervision, signals);
  if (uplink > 0) stop_uplink(uplink);
  restore_terminal();
  if (server > 0) stop_root_server(server);
  if (is_last(shared)) remove_stubs(container.stubs, container.upper);
  return report_end(status);
}
