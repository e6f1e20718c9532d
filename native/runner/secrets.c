#include "secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "report.h"
#include "util.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x8U
#endif

enum { LIMIT = 8 << 20 };

static int open_memory(void) {
  int fd = memfd_create("secrets", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  /* kernels before 6.3 do not know the last one */
  return fd < 0 && errno == EINVAL ? memfd_create("secrets", MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd;
}

/* Appends all that is behind a descriptor; no copy stays in this process. */
static int append_from(int from, int to) {
  size_t size = 0;
  char *bytes = read_all(from, LIMIT, &size);
  if (bytes == NULL) return -1;
  const int result = write_all(to, bytes, size);
  explicit_bzero(bytes, size);
  free_text(&bytes);
  return result;
}

static int seal(int fd) {
  if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0) return -1;
  return lseek(fd, 0, SEEK_SET) < 0 ? -1 : 0;
}

void hold_secrets(int pipe) {
  OWNED_FD memory = open_memory();
  if (memory < 0 || append_from(pipe, memory) < 0 || seal(memory) < 0 || dup3(memory, pipe, O_CLOEXEC) < 0)
    fail("MONITOR_SECRETS", "cannot keep the secrets");
}

int join_secrets(int spec, int secrets) {
  int memory = open_memory();
  if (memory >= 0 && lseek(secrets, 0, SEEK_SET) == 0 && append_from(spec, memory) == 0 &&
      append_from(secrets, memory) == 0 && seal(memory) == 0)
    return memory;
  close_fd(&memory);
  return -1;
}
