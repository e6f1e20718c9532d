/*
 * A container's root in the mount namespace of a session (session.c), so that the programs there see it:
 *
 *   mount-root --report FD TARGET UPPER WORK LOWER…        the kernel's overlay, lowers topmost first
 *   serve-root --report FD SESSION TARGET PROGRAM ARG…     fuse-overlayfs, which ends with the mount or with the session
 *   unmount-root --report FD TARGET
 */
#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"
#include "rootfs.h"
#include "rootserver.h"
#include "streams.h"

enum { FIRST_OPERAND = 4 };

static char **operands(int argc, char **argv, int least, const char *usage) {
  errno = 0;
  if (argc < FIRST_OPERAND + least) fail("RUNNER_USAGE", "%s", usage);
  report_to(number_argument(argc, argv, "--report"));
  return argv + FIRST_OPERAND;
}

int command_mount_root(int argc, char **argv) {
  char **given = operands(argc, argv, 4, "mount-root --report FD TARGET UPPER WORK LOWER...");
  const struct list lowers = {.items = (const char **)(given + 3), .count = (size_t)(argc - FIRST_OPERAND - 3)};
  mount_overlay(given[0], &(struct overlay){.lowers = &lowers, .upper = given[1], .work = given[2], .durable = true});
  return 0;
}

/* Waits for the end of the session or of the program, whichever comes first. */
static void guard(int session, pid_t server) {
  OWNED_FD program = (int)syscall(SYS_pidfd_open, server, 0);
  struct pollfd ends[] = {{.fd = session, .events = POLLIN}, {.fd = program, .events = POLLIN}};
  if (program < 0) return;
  while (poll(ends, LENGTH(ends), -1) < 0 && errno == EINTR) continue;
}

static void detach_from_caller(int report_fd) {
  OWNED_FD null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; fd++) dup2(null, fd);
  close(report_fd);
  setsid();
  /* the caller may be in a directory that somebody wants to unmount */
  if (chdir("/") < 0) fail("SANDBOX_FUSE", "chdir");
}

int command_serve_root(int argc, char **argv) {
  char **given = operands(argc, argv, 3, "serve-root --report FD SESSION TARGET PROGRAM ARG...");
  const pid_t process = (pid_t)parse_number(given[0], 1 << 30);
  OWNED_FD session = (int)syscall(SYS_pidfd_open, process, 0);
  if (session < 0) fail("SANDBOX_SESSION", "there is no session %s", given[0]);
  /* the caller waits for the end of the report, which the guard closes when the root is there */
  pid_t keeper = fork();
  if (keeper != 0) return keeper < 0 ? EXIT_SANDBOX : 0;
  int alive[2];
  if (pipe2(alive, O_CLOEXEC) < 0) fail("SANDBOX_FUSE", "pipe");
  const struct spec spec = {.root = given[1], .server = {.items = (const char **)(given + 2), .count = (size_t)(argc - FIRST_OPERAND - 2)}};
  pid_t server = start_root_server(&spec, alive[0]);
  detach_from_caller(report_descriptor());
  guard(session, server);
  stop_root_server(server);
  return 0;
}

int command_unmount_root(int argc, char **argv) {
  char **given = operands(argc, argv, 1, "unmount-root --report FD TARGET");
  if (umount2(given[0], UMOUNT_NOFOLLOW) < 0) fail("SANDBOX_UNMOUNT", "cannot unmount %s", given[0]);
  return 0;
}
