#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pty.h"
#include "report.h"

int number_argument(int argc, char **argv, const char *name) {
  for (int i = 2; i + 1 < argc; i += 2) {
    int64_t fd = strcmp(argv[i], name) == 0 ? parse_number(argv[i + 1], 1 << 30) : -1;
    if (fd >= 0) return (int)fd;
  }
  errno = 0;
  fail("RUNNER_USAGE", "%s N is missing", name);
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
void give_stream(struct container *container, struct supervision *supervision, int fd) {
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

void close_given_streams(struct container *container) {
  for (int fd = 0; fd < 3; fd++)
    if (container->stdio[fd] > 2) close_fd(&container->stdio[fd]);
}

void take_terminal(struct supervision *supervision, int socket) {
  int master = receive_terminal(socket);
  supervision->master = master;
  if (master < 0) return; /* the child says why */
  copy_window_size(STDIN_FILENO, master);
  make_raw(STDIN_FILENO);
  add_pump(supervision, (struct pump){.from = STDIN_FILENO, .to = master});
  add_pump(supervision, (struct pump){.from = master, .to = STDOUT_FILENO, .close_from = true});
}

int report_end(int status) {
  if (WIFSIGNALED(status)) {
    report_number("signal", WTERMSIG(status));
    return 128 + WTERMSIG(status);
  }
  report_number("exit", WEXITSTATUS(status));
  return WEXITSTATUS(status);
}

/* The other end closes when the program is executed, or when the child ends because it cannot be. */
void await_start(int ends[2]) {
  char byte;
  close(ends[1]);
  while (read(ends[0], &byte, 1) < 0 && errno == EINTR) continue;
  close(ends[0]);
  report_number("started", 1);
}
