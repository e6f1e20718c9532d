#include "userns_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "caps.h"
#include "report.h"

static void add_map(struct id_map *maps, int *count, char **argv, int at, int argc) {
  if (*count >= MAX_MAPS || at + 3 >= argc) fail("RUNNER_USAGE", "too many or incomplete id maps");
  maps[(*count)++] = (struct id_map){argv[at + 1], argv[at + 2], argv[at + 3]};
}

struct userns_plan parse_userns_plan(int argc, char **argv) {
  struct userns_plan plan = {.error_fd = -1};
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
    } else if (strcmp(argv[at], "--stay") == 0) {
      plan.stay = true;
    } else if (strcmp(argv[at], "--error-fd") == 0 && at + 1 < argc) {
      plan.error_fd = (int)parse_number(argv[++at], 1 << 20);
    } else if (strcmp(argv[at], "--join") == 0 && at + 1 < argc) {
      plan.join = (int)parse_number(argv[++at], 1 << 30);
    } else {
      fail("RUNNER_USAGE", "unknown argument %s", argv[at]);
    }
  }
  if (at + 1 >= argc) fail("RUNNER_USAGE", "no command");
  plan.command = argv + at + 1;
  return plan;
}

static void write_map(pid_t pid, const char *file, const struct id_map *maps, int count) {
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

static void run_helper(const char *helper, pid_t pid, const struct id_map *maps, int count, int error_fd) {
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

void write_id_maps(const struct userns_plan *plan, pid_t pid) {
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

void become_namespace_root(const struct userns_plan *plan) {
  if (plan->stay) keep_capabilities();
  else if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) fail("USERNS_MAP", "cannot become root of the user namespace");
  if (!plan->deny_setgroups) syscall(SYS_setgroups, 0, NULL);
  if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0) fail("USERNS_MOUNT", "cannot detach from the host's mounts");
}
