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

enum { MAX_MAPS = 16 };

struct map {
  const char *inside, *outside, *count;
};

struct plan {
  struct map uids[MAX_MAPS], gids[MAX_MAPS];
  int uid_count, gid_count;
  /* maps go through newuidmap and newgidmap, which check /etc/subuid and /etc/subgid */
  bool helpers;
  /* an unprivileged writer of gid_map must give setgroups up first (user_namespaces(7)) */
  bool deny_setgroups;
  int error_fd;
  char **command;
};

static void add_map(struct map *maps, int *count, char **argv, int at, int argc) {
  if (*count >= MAX_MAPS || at + 3 >= argc) fail("RUNNER_USAGE", "too many or incomplete id maps");
  maps[(*count)++] = (struct map){argv[at + 1], argv[at + 2], argv[at + 3]};
}

static struct plan parse_arguments(int argc, char **argv) {
  struct plan plan = {.error_fd = -1};
  errno = 0;
  int at = 2;
  for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
    if (strcmp(argv[at], "--uid") == 0) {
      add_map(plan.uids, &plan.uid_count, argv, at, argc);
      at += 3;
    } else if (strcmp(argv[at], "--gid") == 0) {
      add_map(plan.gids, &plan.gid_count, argv, at, argc);
      at += 3;
    } else if (strcmp(argv[at], "--helpers") == 0) {
      plan.helpers = true;
    } else if (strcmp(argv[at], "--deny-setgroups") == 0) {
      plan.deny_setgroups = true;
    } else if (strcmp(argv[at], "--error-fd") == 0 && at + 1 < argc) {
      plan.error_fd = (int)parse_number(argv[++at], 1 << 20);
    } else {
      fail("RUNNER_USAGE", "unknown argument %s", argv[at]);
    }
  }
  if (at + 1 >= argc) fail("RUNNER_USAGE", "userns: no command");
  plan.command = argv + at + 1;
  return plan;
}

static void write_map(pid_t pid, const char *file, const struct map *maps, int count) {
  char path[64], text[2048];
  size_t used = 0;
  for (int i = 0; i < count; i++) {
    int size = snprintf(text + used, sizeof text - used, "%s %s %s\n", maps[i].inside, maps[i].outside, maps[i].count);
    used += size < 0 ? 0 : (size_t)size;
    if (used >= sizeof text) fail("RUNNER_USAGE", "id maps are too long");
  }
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
  if (write_file(AT_FDCWD, path, text) < 0) fail("USERNS_MAP", "cannot write %s", path);
}

static void run_helper(const char *helper, pid_t pid, const struct map *maps, int count, int error_fd) {
  char pid_text[16];
  snprintf(pid_text, sizeof pid_text, "%d", (int)pid);
  const char *args[3 + 3 * MAX_MAPS] = {helper, pid_text};
  for (int i = 0; i < count; i++) {
    args[2 + 3 * i] = maps[i].inside;
    args[3 + 3 * i] = maps[i].outside;
    args[4 + 3 * i] = maps[i].count;
  }
  pid_t child = fork();
  if (child < 0) fail("USERNS_MAP", "cannot start %s", helper);
  if (child == 0) {
    if (error_fd >= 0) dup2(error_fd, STDERR_FILENO);
    execvp(helper, (char *const *)args);
    fail("USERNS_HELPER", "cannot execute %s", helper);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  errno = 0;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail("USERNS_HELPER", "%s refused the id map", helper);
}

static void write_maps(const struct plan *plan, pid_t pid) {
  if (plan->helpers) {
    run_helper("newuidmap", pid, plan->uids, plan->uid_count, plan->error_fd);
    run_helper("newgidmap", pid, plan->gids, plan->gid_count, plan->error_fd);
    return;
  }
  if (plan->deny_setgroups) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/setgroups", (int)pid);
    if (write_file(AT_FDCWD, path, "deny") < 0) fail("USERNS_MAP", "cannot write %s", path);
  }
  write_map(pid, "uid_map", plan->uids, plan->uid_count);
  write_map(pid, "gid_map", plan->gids, plan->gid_count);
}

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
static void init_process(const struct plan *plan) __attribute__((noreturn));
static void init_process(const struct plan *plan) {
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

static void enter_namespace(const struct plan *plan, int go) {
  char byte;
  if (read(go, &byte, 1) != 1) _exit(EXIT_SANDBOX);
  if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) fail("USERNS_MAP", "cannot become root of the user namespace");
  if (!plan->deny_setgroups) syscall(SYS_setgroups, 0, NULL);
  if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0) fail("USERNS_MOUNT", "cannot detach from the host's mounts");
  die_with_parent(go);
  init_process(plan);
}

int command_userns(int argc, char **argv) {
  struct plan plan = parse_arguments(argc, argv);
  if (plan.error_fd >= 0) report_to(plan.error_fd);
  pid_t caller = getppid();
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != caller) return EXIT_SANDBOX;
  ignore_terminal_keys();

  int go[2];
  if (pipe2(go, O_CLOEXEC) < 0) fail("USERNS_START", "pipe");
  unsigned long flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | SIGCHLD;
  pid_t child = (pid_t)syscall(SYS_clone, flags, 0, 0, 0, 0);
  if (child < 0) fail("USERNS_REFUSED", "the kernel refuses a new user namespace");
  if (child == 0) {
    close(go[1]);
    enter_namespace(&plan, go[0]);
  }
  close(go[0]);
  write_maps(&plan, child);
  if (write_all(go[1], "x", 1) < 0) fail("USERNS_START", "the process in the namespace ended early");
  for (int fd = 3; fd < go[1]; fd++) close(fd);
  kernel_close_from(go[1] + 1, 0);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return exit_status(status);
}
