/* shale-runner: the part of Shale that enters namespaces. It has no privileges of its own. */
#include <stdio.h>
#include <string.h>

#include "commands.h"

struct command {
  const char *name;
  int (*run)(int argc, char **argv);
};

static const struct command COMMANDS[] = {
    {"userns", command_userns},         {"session", command_session},       {"run", command_run},
    {"exec", command_exec},             {"monitor", command_monitor},       {"probe-overlay", command_probe},
    {"settle-upper", command_settle},   {"mount-root", command_mount_root}, {"serve-root", command_serve_root},
    {"unmount-root", command_unmount_root}};

int main(int argc, char **argv) {
  for (size_t i = 0; argc > 1 && i < sizeof COMMANDS / sizeof COMMANDS[0]; i++)
    if (strcmp(argv[1], COMMANDS[i].name) == 0) return COMMANDS[i].run(argc, argv);
  fputs("usage: shale-runner COMMAND ... (started by shale)\n", stderr);
  return 125;
}
