#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "kernel.h"
#include "report.h"
#include "util.h"

static void send_descriptor(int socket, int fd) {
  char byte = 't';
  struct iovec data = {.iov_base = &byte, .iov_len = 1};
  char control[CMSG_SPACE(sizeof fd)] = {0};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  if (sendmsg(socket, &message, MSG_NOSIGNAL) != 1) fail("SANDBOX_TERMINAL", "cannot hand the terminal over");
}

int receive_terminal(int socket) {
  char byte;
  struct iovec data = {.iov_base = &byte, .iov_len = 1};
  int fd = -1;
  char control[CMSG_SPACE(sizeof fd)] = {0};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1) return -1;
  const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header == NULL || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof fd)) return -1;
  memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return fd;
}

static void show_as_console(int dev, int slave) {
  OWNED_FD place = openat(dev, "console", O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  OWNED_FD copy = kernel_clone_mount(slave, "", 0);
  if (place < 0 || copy < 0 || kernel_attach(copy, place) < 0) fail("SANDBOX_TERMINAL", "cannot provide /dev/console");
}

int provide_terminal(int dev, int socket, uid_t owner, bool console) {
  OWNED_FD master = openat(dev, "pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
  const int unlocked = 0;
  if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) < 0) fail("SANDBOX_TERMINAL", "cannot open a terminal");
  int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0) fail("SANDBOX_TERMINAL", "cannot open the terminal's other side");
  if (console) show_as_console(dev, slave);
  if (fchown(slave, owner, (gid_t)-1) < 0) fail("SANDBOX_TERMINAL", "cannot give the terminal to user %u", owner);
  send_descriptor(socket, master);
  return slave;
}

void copy_window_size(int from, int master) {
  struct winsize size;
  if (ioctl(from, TIOCGWINSZ, &size) == 0) ioctl(master, TIOCSWINSZ, &size);
}

static struct termios saved;
static int saved_terminal = -1;

void make_raw(int terminal) {
  if (tcgetattr(terminal, &saved) < 0) return;
  saved_terminal = terminal;
  struct termios raw = saved;
  cfmakeraw(&raw);
  tcsetattr(terminal, TCSADRAIN, &raw);
}

void restore_terminal(void) {
  if (saved_terminal >= 0) tcsetattr(saved_terminal, TCSADRAIN, &saved);
  saved_terminal = -1;
}
