/*
 * `shale-runner monitor [--tty] [--stdin] [--client] [--no-log] [--secrets] [--health TIMES] -- COMMAND... [--- AFTER...]`: holds one container
 * that nobody waits for. COMMAND is `shale-runner userns ... run ...`; the container lives and dies with this process,
 * which starts it again where its policy (restart.h) says so.
 *
 * Descriptors: 3 the spec, 4 the report, 5 a file with a flock, 6 the log, 7 the container's directory, and with
 * --client 8 a socket of somebody who is attached from the start, with --secrets 9 a pipe (secrets.h). Who can lock 5 knows that the container has ended.
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
#include <time.h>
#include <unistd.h>

#include "kernel.h"
#include "monitor.h"
#include "report.h"
#include "secrets.h"

/* How long attached ones may take to read the last output. */
enum { FAREWELL_MS = 5000 };

static const char SOCKET_NAME[] = "attach";

static void parse(struct monitor *monitor, char **argv) {
  char **at = argv + 2;
  for (; *at != NULL && strcmp(*at, "--") != 0; at++) {
    if (strcmp(*at, "--tty") == 0) monitor->tty = true;
    else if (strcmp(*at, "--stdin") == 0) monitor->keep_input = true;
    else if (strcmp(*at, "--client") == 0) monitor->first_client = true;
    else if (strcmp(*at, "--no-log") == 0) monitor->silent = true;
    else if (strcmp(*at, "--secrets") == 0) monitor->has_secrets = true;
    else if (strcmp(*at, "--health") == 0 && at[1] != NULL) health_configure(&monitor->health, *++at);
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
    if (!monitor->silent) log_rest(LOG, &monitor->streams[stream]);
    return;
  }
  if (!monitor->silent) log_data(LOG, &monitor->streams[stream], data, (size_t)got);
  broadcast(&monitor->clients, stream == 0 ? FRAME_STDOUT : FRAME_STDERR, data, (size_t)got);
}

/* True when the container has ended. */
static bool reap(struct monitor *monitor) {
  struct signalfd_siginfo info;
  while (read(monitor->signals, &info, sizeof info) == sizeof info) continue;
  bool ended = false;
  int status;
  for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
    health_child(&monitor->health, pid, status);
    if (pid != monitor->child) continue;
    monitor->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    ended = true;
  }
  return ended;
}

/* Moves bytes once; false when the container has ended and its output is out. */
static bool turn(struct monitor *monitor, bool *ended) {
  enum { FIXED = 6 };
  struct pollfd entries[FIXED + MAX_CLIENTS];
  const bool idle = clients_are_idle(&monitor->clients);
  const bool full = monitor->start < monitor->end;
  if (monitor->close_input && !full) close_fd(&monitor->input);
  entries[0] = (struct pollfd){.fd = *ended ? -1 : monitor->signals, .events = POLLIN};
  entries[1] = (struct pollfd){.fd = *ended ? -1 : monitor->listener, .events = POLLIN};
  entries[2] = (struct pollfd){.fd = full ? monitor->input : -1, .events = POLLOUT};
  for (int stream = 0; stream < 2; stream++)
    entries[3 + stream] = (struct pollfd){.fd = idle ? monitor->output[stream] : -1, .events = POLLIN};
  health_wants(&monitor->health, &entries[5]);
  const size_t count = monitor->clients.count;
  for (size_t i = 0; i < count; i++) client_wants(monitor->clients.items[i], &entries[FIXED + i], !full);
  const bool drained = monitor->output[0] < 0 && monitor->output[1] < 0;
  if (*ended && drained && idle) return false;
  const int ready = poll(entries, FIXED + count, *ended ? FAREWELL_MS : health_wait(&monitor->health));
  if (ready == 0 && *ended) return false;
  if (ready < 0) return errno == EINTR;
  if (!*ended) health_turn(&monitor->health, &entries[5]);
  if (entries[0].revents) *ended = reap(monitor);
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

static long wall_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* From the start of the command to its end, with all that it has written. Returns how long it ran, in milliseconds. */
static long hold(struct monitor *monitor) {
  const long begun = now_ms();
  report_number("begun", wall_ms());
  start_command(monitor);
  health_begin(&monitor->health);
  bool ended = false;
  while (turn(monitor, &ended)) continue;
  health_end(&monitor->health);
  report_number("ended", wall_ms());
  for (int stream = 0; stream < 2; stream++) close_fd(&monitor->output[stream]);
  return now_ms() - begun;
}

/* Each start reads both again. */
static void take_secrets(struct monitor *monitor) {
  hold_secrets(SECRETS);
  monitor->health.secrets = SECRETS;
  OWNED_FD whole = join_secrets(SPEC, SECRETS);
  if (whole < 0 || dup3(whole, SPEC, O_CLOEXEC) < 0) fail("MONITOR_SECRETS", "cannot keep the secrets");
}

/* What was never executed, because there is no such program, is not tried again. */
static bool was_refused(void) {
  OWNED_FD fd = openat(DIRECTORY, "report", O_RDONLY | O_CLOEXEC);
  size_t size = 0;
  OWNED_TEXT said = fd < 0 ? NULL : read_all(fd, 1 << 16, &size);
  return said == NULL || memmem(said, size, "error", sizeof "error") != NULL;
}

static void say_goodbye(struct monitor *monitor) {
  unlinkat(DIRECTORY, SOCKET_NAME, 0);
  if (clients_are_idle(&monitor->clients)) broadcast(&monitor->clients, FRAME_END, "", 0);
}

int command_monitor(int argc, char **argv) {
  (void)argc;
  static struct monitor monitor = {.input = -1,
                                   .output = {-1, -1},
                                   .streams = {{.name = "stdout"}, {.name = "stderr"}},
                                   .health = {.directory = DIRECTORY, .secrets = -1, .output = -1}};
  report_to(REPORT);
  parse(&monitor, argv);
  monitor.health.runner = monitor.command[0];
  setsid();
  report_number("monitor", getpid());
  for (int fd = SPEC; fd <= SECRETS; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
  if (monitor.has_secrets) take_secrets(&monitor);
  monitor.signals = watch_child();
  monitor.listener = listen_in_directory();
  if (monitor.first_client) add_client(&monitor.clients, CLIENT);
  bool refused = false;
  for (;;) {
    const long ran = hold(&monitor);
    refused = monitor.restarts.count == 0 && was_refused();
    if (refused) break;
    report_number("waiting", 1);
    if (!await_restart(DIRECTORY, &monitor.restarts, monitor.status, ran)) break;
    report_number("restart", monitor.restarts.count);
  }
  say_goodbye(&monitor);
  drop_gone_clients(&monitor.clients);
  /* who is attached sees the end, and who starts sees the refusal: they do what is to be done then */
  if (monitor.after == NULL || refused || monitor.clients.count > 0) return 0;
  kernel_close_from(3, 0);
  execvp(monitor.after[0], monitor.after);
  return EXIT_SANDBOX;
}
