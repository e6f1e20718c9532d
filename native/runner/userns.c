/*
 * `shale-runner userns`: runs a command as root of a new user, mount and pid namespace.
 *
 *   caller (node) -- supervisor (outside) -- init (pid 1 inside) -- command (the worker)
 *
 * Whoever dies takes all below along: supervisor and init die with their parent (PDEATHSIG), and when init ends
 * the kernel kills everything in its pid namespace: containers, fuse-overlayfs, whatever they started.
 */
#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"
#include "report.h"
#include "userns_plan.h"

/* Dies with the parent from here on; `alive` is a pipe whose other end only the parent holds. */
static void die_with_parent(int alive) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) fail("USERNS_SUPERVISE", "prctl");
  struct pollfd pipe_state = {.fd = alive, .events = 0};
  if (poll(&pipe_state, 1, 0) != 0) _exit(EXIT_SANDBOX);
}

/* Keys at the terminal are for the caller to decide on: it ends the worker itself when it wants to. */
static void ignore_terminal_keys(void) {
  signal(SIGINT, SIG_IGN);
  signal(SIGQUIT, SIG_IGN);
}

static int exit_status(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* pid 1: starts the command, reaps what is orphaned, ends when the command ends. */
static void init_process(const struct userns_plan *plan) __attribute__((noreturn));
static void init_process(const struct userns_plan *plan) {
  pid_t worker = fork();
  if (worker < 0) fail("USERNS_START", "fork");
  if (worker == 0) {
    if (plan->error_fd >= 0) fcntl(plan->error_fd, F_SETFD, FD_CLOEXEC);
    execvp(plan->command[0], plan->command);
    fail("USERNS_START", "cannot execute %s", plan->command[0]);
  }
  /* Only the command may hold the caller's channel, so that its end is seen at once. */
  kernel_close_from(3, 0);
  for (;;) {
    int status = 0;
    pid_t ended = waitpid(-1, &status, 0);
    if (ended == worker) _exit(exit_status(status));
    if (ended < 0 && errno != EINTR) _exit(EXIT_SANDBOX);
  }
}

static void enter_namespace(const struct userns_plan *plan, int go) {
  char byte;
  if (read(go, &byte, 1) != 1) _exit(EXIT_SANDBOX);
  become_namespace_root(plan);
  die_with_parent(go);
  init_process(plan);
}

/* The network belongs to the user namespace, so that who wants the one needs the other. */
static void join_namespaces(int pid) {
  OWNED_TEXT user_path = must_print("/proc/%d/ns/user", pid);
  OWNED_TEXT network_path = must_print("/proc/%d/ns/net", pid);
  OWNED_FD user = open(user_path, O_RDONLY | O_CLOEXEC);
  OWNED_FD network = open(network_path, O_RDONLY | O_CLOEXEC);
  if (user < 0 || network < 0 || setns(user, CLONE_NEWUSER) < 0 || setns(network, CLONE_NEWNET) < 0)
    fail("SANDBOX_JOIN", "cannot join the network of process %d", pid);
  /* forgotten with the change of ids */
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) fail("USERNS_SUPERVISE", "prctl");
}

int command_userns(int argc, char **argv) {
  struct userns_plan plan = parse_userns_plan(argc, argv);
  if (plan.error_fd >= 0) report_to(plan.error_fd);
  pid_t caller = getppid();
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != caller) return EXIT_SANDBOX;
  ignore_terminal_keys();

  int go[2];
  if (pipe2(go, O_CLOEXEC) < 0) fail("USERNS_START", "pipe");
  if (plan.join > 0) join_namespaces(plan.join);
  unsigned long flags = CLONE_NEWNS | CLONE_NEWPID | SIGCHLD | (plan.join > 0 ? 0 : CLONE_NEWUSER);
  pid_t child = (pid_t)syscall(SYS_clone, flags, 0, 0, 0, 0);
  if (child < 0) fail("USERNS_REFUSED", "the kernel refuses a new user namespace");
  if (child == 0) {
    close(go[1]);
    enter_namespace(&plan, go[0]);
  }
  close(go[0]);
  if (plan.join == 0) write_id_maps(&plan, child);
  if (write_all(go[1], "x", 1) < 0) fail("USERNS_START", "the process in the namespace ended early");
  for (int fd = 3; fd < go[1]; fd++) close(fd);
  kernel_close_from(go[1] + 1, 0);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return exit_status(status);
}
