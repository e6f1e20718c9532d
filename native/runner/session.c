/*
 * `shale-runner session ARGUMENTS -- COMMAND …`: the command becomes this process, as root of a new user and mount namespace.
 *
 * Unlike `userns` it is somebody's own program: it has their terminal and its keys, sees their processes, and ends when it
 * ends. The maps are written by a child that has stayed outside. SHALE_SESSION tells the command its own process id, by
 * which those who mount something for it find out that it has ended.
 */
#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec.h"
#include "report.h"
#include "userns_plan.h"

static pid_t start_writer(const struct userns_plan *plan, const int go[2]) {
  const pid_t process = getpid();
  pid_t writer = fork();
  if (writer != 0) return writer;
  char byte;
  close(go[1]);
  if (read(go[0], &byte, 1) == 1) write_id_maps(plan, process);
  _exit(0);
}

static void enter_user_namespace(const struct userns_plan *plan) {
  int go[2];
  if (pipe2(go, O_CLOEXEC) < 0) fail("USERNS_START", "pipe");
  pid_t writer = start_writer(plan, go);
  if (writer < 0) fail("USERNS_START", "fork");
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) fail("USERNS_REFUSED", "the kernel refuses a new user namespace");
  if (write_all(go[1], "x", 1) < 0) fail("USERNS_START", "the process outside ended early");
  close(go[0]);
  close(go[1]);
  int status = 0;
  while (waitpid(writer, &status, 0) < 0 && errno == EINTR) continue;
  /* it has reported why */
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) _exit(EXIT_SANDBOX);
  become_namespace_root(plan);
}

static struct list list_of(char **items) {
  struct list list = {.items = (const char **)items};
  while (items[list.count] != NULL) list.count++;
  return list;
}

int command_session(int argc, char **argv) {
  struct userns_plan plan = parse_userns_plan(argc, argv);
  if (plan.error_fd >= 0) report_to(plan.error_fd);
  const pid_t caller = getppid();
  enter_user_namespace(&plan);
  char process[16];
  snprintf(process, sizeof process, "%d", (int)getpid());
  if (setenv("SHALE_SESSION", process, 1) < 0) fail("USERNS_START", "setenv");
  /* forgotten with the change of ids, so not before */
  if (prctl(PR_SET_PDEATHSIG, SIGHUP) < 0 || getppid() != caller) return EXIT_SANDBOX;
  reset_signals();
  if (plan.error_fd >= 0) fcntl(plan.error_fd, F_SETFD, FD_CLOEXEC);
  execute(&(struct spec){.args = list_of(plan.command), .env = list_of(environ)});
}
