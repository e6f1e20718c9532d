/* The commands of shale-runner; each returns the program's exit code. */
#ifndef SHALE_RUNNER_COMMANDS_H
#define SHALE_RUNNER_COMMANDS_H

int command_userns(int argc, char **argv);
int command_session(int argc, char **argv);
int command_run(int argc, char **argv);
int command_exec(int argc, char **argv);
int command_monitor(int argc, char **argv);
int command_probe(int argc, char **argv);
int command_settle(int argc, char **argv);
int command_mount_root(int argc, char **argv);
int command_serve_root(int argc, char **argv);
int command_unmount_root(int argc, char **argv);

#endif
