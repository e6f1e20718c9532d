/* Which user namespace a command is to have: the common arguments of `userns` and `session`. */
#ifndef SHALE_RUNNER_USERNS_PLAN_H
#define SHALE_RUNNER_USERNS_PLAN_H

#include <stdbool.h>
#include <sys/types.h>

enum { MAX_MAPS = 18 };

struct id_map {
  const char *inside, *outside, *count;
};

struct userns_plan {
  struct id_map uids[MAX_MAPS], gids[MAX_MAPS];
  int uid_count, gid_count;
  /* maps go through newuidmap and newgidmap, which check /etc/subuid and /etc/subgid */
  bool helpers;
  /* an unprivileged writer of gid_map must give setgroups up first (user_namespaces(7)) */
  bool deny_setgroups;
  /* the command is who the caller is inside, which is not root, and has all capabilities all the same */
  bool stay;
  int error_fd;
  /* a process whose user and network namespaces are taken instead of new ones; 0: none */
  int join;
  char **command;
};

/* `--uid INSIDE OUTSIDE COUNT`, `--gid …`, `--helpers`, `--deny-setgroups`, `--stay`, `--error-fd FD`, `--join PID`, `-- COMMAND …` */
struct userns_plan parse_userns_plan(int argc, char **argv);

/* Writes the maps of a process that is in a new user namespace; the caller is outside of it. */
void write_id_maps(const struct userns_plan *plan, pid_t pid);

/* Becomes root of the namespace, or stays with all of root's capabilities; its mounts are its own from here on. */
void become_namespace_root(const struct userns_plan *plan);

#endif
