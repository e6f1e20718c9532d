/*
 * `shale-runner monitor [--tty] [--stdin] [--client] -- COMMAND... [--- AFTER...]`: holds one container that nobody
 * waits for. COMMAND is `shale-runner userns ... run ...`; the container lives and dies with this process.
 *
 * Descriptors: 3 the spec, 4 the report, 5 a file with a flock, 6 the log, 7 the container's directory, and with
 * --client 8 a socket of somebody who is attached from the start. Who can lock 5 knows that the container has ended.
 */
#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clients.h"
#include "kernel.h"
#include "logfile.h"
#include "report.h"

enum { SPEC = 3, REPORT = 4, LOCK = 5, LOG = 6, DIRECTORY = 7, CLIENT = 8 };
/* How long attached ones may take to read the last output. */
enum { FAREWELL_MS = 5000 };

static const char SOCKET_NAME[] = "attach";

struct monitor {
  bool tty, keep_input, first_client;
  char **command, **after;
  pid_t child;
  int listener, signals;
  /* what the container reads, and what it has not taken yet */
  int input;
  bool close_input;
  size_t start, end;
  char pending[CHUNK];
  /* what it writes; a terminal has one way only */
  int output[2];
  struct log_stream streams[2];
  struct clients clients;
};

static void parse(struct monitor *monitor, char **argv) {
  char **at = argv + 2;
  for (; *at != NULL && strcmp(*at, "--") != 0; at++) {
    if (strcmp(*at, "--tty") == 0) monitor->tty = true;
    else if (strcmp(*at, "--stdin") == 0) monitor->keep_input = true;
    else if (strcmp(*at, "--client") == 0) monitor->first_client = true;
  }
  errno = 0;
  if (*at == NULL || at[1] == NULL) fail("RUNNER_USAGE", "monitor: no command");
  monitor->command = at + 1;
  for (; *at != NULL; at++) {
    if (strcmp(*at, "---") != 0) continue;
    *at = NULL;
    monitor->after = at + 1;
    return;
  }
}

/* Bound through the directory's descriptor: a path in a store may be longer than a socket's name can be. */
static int listen_in_directory(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", DIRECTORY, SOCKET_NAME);
  unlinkat(DIRECTORY, SOCKET_NAME, 0);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  umask(077);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 8) < 0)
    fail("MONITOR_SOCKET", "cannot listen for those who attach");
  return fd;
}

static int watch_child(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGINT, SIG_IGN);
  signal(SIGQUIT, SIG_IGN);
  if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) fail("MONITOR_START", "sigprocmask");
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void become_command(const struct monitor *monitor, const int stdio[3]) __attribute__((noreturn));
static void become_command(const struct monitor *monitor, const int stdio[3]) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  for (int fd = 0; fd < 3; fd++)
    if (dup2(stdio[fd], fd) < 0) fail("MONITOR_START", "standard stream %d", fd);
  if (monitor->tty && (setsid() < 0 || ioctl(0, TIOCSCTTY, 0) < 0)) fail("MONITOR_START", "cannot take the terminal");
  for (int fd = SPEC; fd <= LOCK; fd++) fcntl(fd, F_SETFD, 0);
  /* userns closes the one that it reports to, and the next program reports too */
  if (dup2(REPORT, LOG) < 0) fail("MONITOR_START", "dup2");
  execvp(monitor->command[0], monitor->command);
  fail("MONITOR_START", "cannot execute %s", monitor->command[0]);
}

static void make_terminal(struct monitor *monitor, int stdio[3]) {
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  const int unlocked = 0;
  if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) < 0) fail("MONITOR_TERMINAL", "cannot open a terminal");
  int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0) fail("MONITOR_TERMINAL", "cannot open the terminal's other side");
  for (int fd = 0; fd < 3; fd++) stdio[fd] = slave;
  monitor->output[0] = master;
  monitor->input = monitor->keep_input ? fcntl(master, F_DUPFD_CLOEXEC, 3) : -1;
}

static void make_pipes(struct monitor *monitor, int stdio[3]) {
  int ends[2];
  for (int stream = 0; stream < 2; stream++) {
    if (pipe2(ends, O_CLOEXEC) < 0) fail("MONITOR_START", "pipe");
    monitor->output[stream] = ends[0];
    stdio[stream + 1] = ends[1];
  }
  stdio[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (!monitor->keep_input) return;
  close(stdio[0]);
  if (pipe2(ends, O_CLOEXEC) < 0) fail("MONITOR_START", "pipe");
  stdio[0] = ends[0];
  monitor->input = ends[1];
  fcntl(monitor->input, F_SETFL, O_NONBLOCK);
}

static void start_command(struct monitor *monitor) {
  int stdio[3];
  if (monitor->tty) make_terminal(monitor, stdio);
  else make_pipes(monitor, stdio);
  monitor->child = fork();
  if (monitor->child < 0) fail("MONITOR_START", "fork");
  if (monitor->child == 0) become_command(monitor, stdio);
  for (int fd = 0; fd < 3; fd++)
    if (fd == 0 || stdio[fd] != stdio[0]) close(stdio[fd]);
  close(SPEC);
}

static void resize(const struct monitor *monitor, const unsigned char *data) {
  const struct winsize size = {.ws_row = (unsigned short)(data[0] << 8 | data[1]),
                               .ws_col = (unsigned short)(data[2] << 8 | data[3])};
  if (monitor->tty) ioctl(monitor->output[0], TIOCSWINSZ, &size);
}

static void handle_frame(void *context, enum frame_in type, const char *data, size_t size) {
  struct monitor *monitor = context;
  if (type == FRAME_RESIZE && size == 4) resize(monitor, (const unsigned char *)data);
  if (type == FRAME_INPUT_END && !monitor->tty) monitor->close_input = true;
  if (type != FRAME_INPUT || monitor->input < 0) return;
  memcpy(monitor->pending, data, size);
  monitor->start = 0;
  monitor->end = size;
}

static void give_input(struct monitor *monitor) {
  ssize_t wrote = write(monitor->input, monitor->pending + monitor->start, monitor->end - monitor->start);
  if (wrote < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (wrote < 0) {
    close_fd(&monitor->input);
    monitor->start = monitor->end = 0;
    return;
  }
  monitor->start += (size_t)wrote;
}

static void take_output(struct monitor *monitor, int stream) {
  char data[CHUNK];
  ssize_t got = read(monitor->output[stream], data, sizeof data);
  if (got < 0 && errno == EINTR) return;
  /* a terminal whose last user has gone gives EIO */
  if (got <= 0) {
    close_fd(&monitor->output[stream]);
    log_rest(LOG, &monitor->streams[stream]);
    return;
  }
  log_data(LOG, &monitor->streams[stream], data, (size_t)got);
  broadcast(&monitor->clients, stream == 0 ? FRAME_STDOUT : FRAME_STDERR, data, (size_t)got);
}

static bool child_ended(const struct monitor *monitor) {
  struct signalfd_siginfo info;
  while (read(monitor->signals, &info, sizeof info) == sizeof info) continue;
  int status;
  return waitpid(monitor->child, &status, WNOHANG) == monitor->child;
}

/* Moves bytes once; false when the container has ended and its output is out. */
static bool turn(struct monitor *monitor, bool *ended) {
  enum { FIXED = 5 };
  struct pollfd entries[FIXED + MAX_CLIENTS];
  const bool idle = clients_are_idle(&monitor->clients);
  const bool full = monitor->start < monitor->end;
  if (monitor->close_input && !full) close_fd(&monitor->input);
  entries[0] = (struct pollfd){.fd = *ended ? -1 : monitor->signals, .events = POLLIN};
  entries[1] = (struct pollfd){.fd = *ended ? -1 : monitor->listener, .events = POLLIN};
  entries[2] = (struct pollfd){.fd = full ? monitor->input : -1, .events = POLLOUT};
  for (int stream = 0; stream < 2; stream++)
    entries[3 + stream] = (struct pollfd){.fd = idle ? monitor->output[stream] : -1, .events = POLLIN};
  const size_t count = monitor->clients.count;
  for (size_t i = 0; i < count; i++) client_wants(monitor->clients.items[i], &entries[FIXED + i], !full);
  const bool drained = monitor->output[0] < 0 && monitor->output[1] < 0;
  if (*ended && drained && idle) return false;
  const int ready = poll(entries, FIXED + count, *ended ? FAREWELL_MS : -1);
  if (ready == 0) return false;
  if (ready < 0) return errno == EINTR;
  if (entries[0].revents) *ended = child_ended(monitor);
  if (entries[1].revents) {
    int fd = accept4(monitor->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) add_client(&monitor->clients, fd);
  }
  if (entries[2].revents) give_input(monitor);
  for (size_t i = 0; i < count; i++) {
    const bool more = monitor->start < monitor->end;
    const short events = (short)(entries[FIXED + i].revents & (more ? POLLOUT : ~0));
    serve_client(monitor->clients.items[i], events, handle_frame, monitor);
  }
  for (int stream = 0; stream < 2; stream++)
    if (entries[3 + stream].revents && clients_are_idle(&monitor->clients)) take_output(monitor, stream);
  drop_gone_clients(&monitor->clients);
  return true;
}

static void say_goodbye(struct monitor *monitor) {
  unlinkat(DIRECTORY, SOCKET_NAME, 0);
  if (clients_are_idle(&monitor->clients)) broadcast(&monitor->clients, FRAME_END, "", 0);
}

int command_monitor(int argc, char **argv) {
  (void)argc;
  static struct monitor monitor = {
      .input = -1, .output = {-1, -1}, .streams = {{.name = "stdout"}, {.name = "stderr"}}};
  report_to(REPORT);
  parse(&monitor, argv);
  setsid();
  report_number("monitor", getpid());
  for (int fd = SPEC; fd <= CLIENT; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
  monitor.signals = watch_child();
  monitor.listener = listen_in_directory();
  if (monitor.first_client) add_client(&monitor.clients, CLIENT);
  start_command(&monitor);
  bool ended = false;
  while (turn(&monitor, &ended)) continue;
  say_goodbye(&monitor);
  if (monitor.after == NULL) return 0;
  kernel_close_from(3, 0);
  execvp(monitor.after[0], monitor.after);
  return EXIT_SANDBOX;
}
