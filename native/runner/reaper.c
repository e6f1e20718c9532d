#include "reaper.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec.h"
#include "kernel.h"
#include "report.h"

static void end_as(pid_t program) {
  int status;
  for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG))
    if (pid == program) _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

static void reap_until(pid_t program, const sigset_t *signals) __attribute__((noreturn));
static void reap_until(pid_t program, const sigset_t *signals) {
  /* only the program may hold what tells that it is executed */
  kernel_close_from(3, 0);
  for (;;) {
    int number = sigwaitinfo(signals, NULL);
    if (number == SIGCHLD) end_as(program);
    else if (number > 0) kill(program, number);
  }
}

static void take_foreground(void) {
  setpgid(0, 0);
  signal(SIGTTOU, SIG_IGN);
  if (isatty(STDIN_FILENO)) tcsetpgrp(STDIN_FILENO, getpgrp());
  errno = 0;
}

void leave_reaper_behind(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  pid_t program = fork();
  if (program < 0) fail("SANDBOX_START", "fork");
  if (program > 0) reap_until(program, &all);
  take_foreground();
  reset_signals();
}
