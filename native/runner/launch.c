/* The monitor's child: the command, with a terminal or pipes. */
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <unistd.h>

#include "report.h"

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

void start_command(struct monitor *monitor) {
  int stdio[3];
  lseek(SPEC, 0, SEEK_SET);
  close_fd(&monitor->input);
  monitor->start = monitor->end = 0;
  if (monitor->tty) make_terminal(monitor, stdio);
  else make_pipes(monitor, stdio);
  monitor->child = fork();
  if (monitor->child < 0) fail("MONITOR_START", "fork");
  if (monitor->child == 0) become_command(monitor, stdio);
  for (int fd = 0; fd < 3; fd++)
    if (fd == 0 || stdio[fd] != stdio[0]) close(stdio[fd]);
}
