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
#include "seal.h"
#include "seccomp.h"
#include "supervise.h"

static int read_descriptor_argument(int argc, char **argv, const char *name) {
  for (int i = 2; i + 1 < argc; i += 2) {
    int64_t fd = strcmp(argv[i], name) == 0 ? parse_number(argv[i + 1], 1 << 20) : -1;
    if (fd >= 0) return (int)fd;
  }
  errno = 0;
  fail("RUNNER_USAGE", "run: %s N is missing", name);
}

static bool is_socket(int fd) {
  struct stat stat;
  return fstat(fd, &stat) == 0 && S_ISSOCK(stat.st_mode);
}

static void add_pump(struct supervision *supervision, struct pump pump) {
  struct pump *place = must_alloc(sizeof *place);
  *place = pump;
  supervision->pumps[supervision->pump_count++] = place;
}

/*
 * node gives its children sockets for streams, and a socket cannot be opened through /dev/stdout, which many
 * images do. The container gets a pipe instead, and the supervisor moves the bytes.
 */
static void give_stream(struct container *container, struct supervision *supervision, int fd) {
  container->stdio[fd] = fd;
  if (!is_socket(fd)) return;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) fail("SANDBOX_STDIO", "pipe");
  bool input = fd == STDIN_FILENO;
  container->stdio[fd] = ends[input ? 0 : 1];
  int mine = ends[input ? 1 : 0];
  if (input) add_pump(supervision, (struct pump){.from = fd, .to = mine, .close_to = true});
  else add_pump(supervision, (struct pump){.from = mine, .to = fd, .close_from = true});
}

static void close_given_streams(struct container *container) {
  for (int fd = 0; fd < 3; fd++)
    if (container->stdio[fd] > 2) close_fd(&container->stdio[fd]);
}

static void take_terminal(struct supervision *supervision, int socket) {
  int master = receive_terminal(socket);
  supervision->master = master;
  if (master < 0) return; /* the child says why */
  copy_window_size(STDIN_FILENO, master);
  make_raw(STDIN_FILENO);
  add_pump(supervision, (struct pump){.from = STDIN_FILENO, .to = master});
  add_pump(supervision, (struct pump){.from = master, .to = STDOUT_FILENO, .close_from = true});
}

/* Seen from outside: through this descriptor nothing that the container mounts is in the way. */
static int open_upper(const struct spec *spec) {
  const char *path = spec->upper != NULL ? spec->upper : spec->root;
  int upper = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (upper < 0) fail("SANDBOX_OVERLAY", "cannot open %s", path);
  return upper;
}

static unsigned long namespaces(const struct spec *spec) {
  unsigned long flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
  return spec->network == NETWORK_NONE ? flags | CLONE_NEWNET : flags;
}

static int report_end(int status) {
  if (WIFSIGNALED(status)) {
    report_number("signal", WTERMSIG(status));
    return 128 + WTERMSIG(status);
  }
  report_number("exit", WEXITSTATUS(status));
  return WEXITSTATUS(status);
}

int command_run(int argc, char **argv) {
  run_from_sealed_copy(argv);
  pid_t caller = getppid();
  int spec_fd = read_descriptor_argument(argc, argv, "--spec");
  report_to(read_descriptor_argument(argc, argv, "--report"));
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != caller) return EXIT_SANDBOX;
  /* no process of the container may look into this one before it is replaced (CVE-2016-9962) */
  prctl(PR_SET_DUMPABLE, 0);
  struct spec spec = read_spec(spec_fd);
  close(spec_fd);

  int signals = catch_signals();
  int alive[2], terminal[2];
  if (pipe2(alive, O_CLOEXEC) < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, terminal) < 0)
    fail("SANDBOX_START", "pipe");
  struct container container = {
      .spec = &spec, .stubs = new_stubs(), .upper = open_upper(&spec), .terminal = terminal[1], .alive = alive[0]};
  container.capabilities = capability_mask(&spec.caps);
  container.filter = prepare_filter(&spec, container.capabilities);
  struct supervision supervision = {.master = -1};
  for (int fd = 0; fd < 3 && !spec.tty; fd++) give_stream(&container, &supervision, fd);

  supervision.child = (pid_t)syscall(SYS_clone, namespaces(&spec) | SIGCHLD, 0, 0, 0, 0);
  if (supervision.child < 0) fail("SANDBOX_START", "the kernel refuses new namespaces");
  if (supervision.child == 0) {
    close(alive[1]);
    close(terminal[0]);
    start_container(&container);
  }
  report_number("pid", supervision.child);
  close(terminal[1]);
  close_given_streams(&container);
  if (spec.tty) take_terminal(&supervision, terminal[0]);
  int status = supervise(&supervision, signals);
  restore_terminal();
  remove_stubs(container.stubs, container.upper);
  return report_end(status);
}
