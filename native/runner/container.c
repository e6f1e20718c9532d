#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "caps.h"
#include "copy.h"
#include "devices.h"
#include "exec.h"
#include "extras.h"
#include "kernel.h"
#include "mounts.h"
#include "pty.h"
#include "reaper.h"
#include "report.h"
#include "rootfs.h"
#include "seccomp.h"
#include "supervise.h"
#include "uplink.h"

static void bring_loopback_up(void) {
  OWNED_FD fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {.ifr_flags = IFF_UP};
  strcpy(request.ifr_name, "lo");
  if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0) fail("SANDBOX_NETWORK", "cannot bring the loopback device up");
}

/* As docker: ports of a network of one's own are free for all, and so is ping. A kernel without these files does without. */
static void settle_network(const struct spec *spec) {
  bring_loopback_up();
  write_file(AT_FDCWD, "/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
  write_file(AT_FDCWD, "/proc/sys/net/ipv4/ping_group_range", spec->emulate_ids ? "0 0" : "0 65534");
}

/* Returns the terminal's slave side, or -1. */
static int build_root(const struct container *container) {
  const struct spec *spec = container->spec;
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) fail("SANDBOX_ROOT", "cannot make the mounts private");
  umask(022);
  OWNED_FD root = mount_root(spec);
  const struct creation_observer observer = observe_stubs(container->stubs, root, container->upper);
  OWNED_FD null = spec->unmasked ? -1 : open_null();
  mount_proc(root, &observer, null);
  mount_sys(root, &observer, spec->network, !spec->unmasked);
  OWNED_FD dev = mount_dev(root, &observer, spec->shm_size);
  int slave = spec->tty ? provide_terminal(dev, container->terminal, spec->emulate_ids ? 0 : (uid_t)spec->uid, true) : -1;
  provide_files(root, dev, &observer, spec);
  mount_extras(root, dev, &observer, spec);
  settle_stubs(container->stubs, root, container->upper);
  make_working_directory(root, spec->cwd);
  enter_root(root, spec->readonly_root);
  return slave;
}

static void take_stdio(const struct container *container, int slave) {
  for (int fd = 0; fd < 3; fd++) {
    int from = slave >= 0 ? slave : container->stdio[fd];
    /* dup2 onto itself would leave close-on-exec as it is */
    if (from == fd ? fcntl(fd, F_SETFD, 0) < 0 : dup2(from, fd) < 0) fail("SANDBOX_STDIO", "standard stream %d", fd);
    struct stat stat;
    /* so that the user may open /dev/stdout; files and terminals of the caller are left alone */
    if (fstat(fd, &stat) == 0 && S_ISFIFO(stat.st_mode))
      if (fchown(fd, (uid_t)container->spec->uid, (gid_t)container->spec->gid) < 0) errno = 0;
  }
  if (slave >= 0 && ioctl(0, TIOCSCTTY, 0) < 0) fail("SANDBOX_TERMINAL", "cannot take the terminal");
}

/* Neither the caller's session (CVE-2017-5226) nor its session keyring. */
static void leave_session(void) {
  if (setsid() < 0) fail("SANDBOX_SESSION", "setsid");
  syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0);
}

static void confine(const struct container *container) {
  const struct spec *spec = container->spec;
  become_user(spec, container->capabilities);
  prctl(PR_SET_DUMPABLE, 0);
  /* the kernel has forgotten the parent-death signal with the change of ids */
  if (container->alive >= 0) die_with_supervisor(container->alive);
  if (spec->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) fail("SANDBOX_PRIVILEGES", "prctl");
  /* without no_new_privs a filter needs CAP_SYS_ADMIN, so it comes before the capabilities go; it allows capset */
  load_filter(&container->filter);
  drop_capabilities(spec, container->capabilities);
}

/* What is left between the container's root and its program. */
static void become_program(const struct container *container, int slave) __attribute__((noreturn));
static void become_program(const struct container *container, int slave) {
  const struct spec *spec = container->spec;
  take_stdio(container, slave);
  set_limits(spec);
  confine(container);
  enter_working_directory(spec->cwd);
  reset_signals();
  if (container->gate >= 0) await_uplink(container->gate);
  if (spec->init) leave_reaper_behind();
  if (spec->copy) copy_files(spec);
  /* what is left open, the report included, ends with execve */
  if (kernel_close_from(3, CLOSE_RANGE_CLOEXEC) < 0) fail("SANDBOX_STDIO", "close_range");
  execute(spec);
}

void join_container(const struct container *container) {
  const struct spec *spec = container->spec;
  if (container->alive >= 0) die_with_supervisor(container->alive);
  leave_session();
  umask(022);
  int slave = -1;
  if (spec->tty) {
    OWNED_FD dev = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
    slave = provide_terminal(dev, container->terminal, spec->emulate_ids ? 0 : (uid_t)spec->uid, false);
  }
  become_program(container, slave);
}

void start_container(const struct container *container) {
  const struct spec *spec = container->spec;
  become_root();
  die_with_supervisor(container->alive);
  if (spec->network == NETWORK_NONE || spec->network == NETWORK_PRIVATE) settle_network(spec);
  if (sethostname(spec->hostname, strlen(spec->hostname)) < 0) fail("SANDBOX_HOSTNAME", "hostname %s", spec->hostname);
  leave_session();
  become_program(container, build_root(container));
}
