#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pty.h"
#include "report.h"
#include "util.h"

void die_with_supervisor(int alive) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) fail("SANDBOX_SUPERVISE", "prctl");
  struct pollfd state = {.fd = alive, .events = 0};
  if (poll(&state, 1, 0) != 0) _exit(EXIT_SANDBOX);
}

int catch_signals(void) {
  static const int CAUGHT[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};
  sigset_t set;
  sigemptyset(&set);
  for (size_t i = 0; i < LENGTH(CAUGHT); i++) sigaddset(&set, CAUGHT[i]);
  signal(SIGPIPE, SIG_IGN);
  if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) fail("SANDBOX_SUPERVISE", "sigprocmask");
  int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) fail("SANDBOX_SUPERVISE", "signalfd");
  return fd;
}

/* Handles what has arrived; true when the child has ended. */
static bool handle_signals(const struct supervision *supervision, int signals, int *status) {
  struct signalfd_siginfo info;
  while (read(signals, &info, sizeof info) == sizeof info) {
    int number = (int)info.ssi_signo;
    if (number == SIGCHLD) {
      if (waitpid(supervision->child, status, WNOHANG) == supervision->child) return true;
    } else if (number == SIGWINCH && supervision->master >= 0) {
      copy_window_size(STDIN_FILENO, supervision->master);
    } else {
      kill(supervision->child, number);
    }
  }
  return false;
}

/* After the child: only what it has written and nobody has read yet. */
static bool has_output(struct supervision *supervision) {
  for (size_t i = 0; i < supervision->pump_count; i++) {
    const struct pump *pump = supervision->pumps[i];
    if (pump->from >= 0 && pump->close_from) return true;
  }
  return false;
}

/* The program goes on, with a terminal that nobody sees; this process is nobody's child any more. */
static void leave(const struct supervision *supervision, struct pump *input) {
  restore_terminal();
  input->from = -1;
  for (int fd = 0; fd < 3; fd++) dup2(supervision->null, fd);
  prctl(PR_SET_PDEATHSIG, 0);
  setsid();
  report_number("left", 1);
}

int supervise(struct supervision *supervision, int signals) {
  int status = 0;
  bool ended = false;
  while (!ended || has_output(supervision)) {
    struct pollfd entries[1 + MAX_PUMPS];
    struct pump *waiting[1 + MAX_PUMPS] = {NULL};
    nfds_t count = 0;
    if (!ended) entries[count++] = (struct pollfd){.fd = signals, .events = POLLIN};
    for (size_t i = 0; i < supervision->pump_count; i++)
      if (pump_wants(supervision->pumps[i], &entries[count])) waiting[count++] = supervision->pumps[i];
    if (poll(entries, count, -1) < 0 && errno != EINTR) fail("SANDBOX_SUPERVISE", "poll");
    for (nfds_t i = 0; i < count; i++) {
      if (entries[i].revents == 0) continue;
      if (waiting[i] == NULL) {
        ended = handle_signals(supervision, signals, &status);
        continue;
      }
      pump_move(waiting[i]);
      if (waiting[i]->left && waiting[i]->from >= 0) leave(supervision, waiting[i]);
    }
  }
  return status;
}
