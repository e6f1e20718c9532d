#include "seal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif

static const int SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

static int open_memory(void) {
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int fd = memfd_create("shale-runner", flags | MFD_EXEC);
  /* kernels before 6.3 do not know MFD_EXEC and need none */
  return fd < 0 && errno == EINVAL ? memfd_create("shale-runner", flags) : fd;
}

static void copy_whole(int from, int to) {
  struct stat stat;
  if (fstat(from, &stat) < 0) fail("RUNNER_SEAL", "fstat");
  for (off_t left = stat.st_size; left > 0;) {
    ssize_t copied = sendfile(to, from, NULL, (size_t)left);
    if (copied <= 0) fail("RUNNER_SEAL", "cannot copy the runner");
    left -= copied;
  }
}

void run_from_sealed_copy(char **argv) {
  OWNED_FD self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (self < 0) fail("RUNNER_SEAL", "cannot open the runner's own file");
  int seals = fcntl(self, F_GET_SEALS);
  if (seals >= 0 && (seals & SEALS) == SEALS) return;
  OWNED_FD copy = open_memory();
  if (copy < 0) fail("RUNNER_SEAL", "memfd_create");
  copy_whole(self, copy);
  if (fcntl(copy, F_ADD_SEALS, SEALS) < 0) fail("RUNNER_SEAL", "cannot seal the copy");
  char *empty[] = {NULL};
  fexecve(copy, argv, empty);
  fail("RUNNER_SEAL", "cannot execute the sealed copy");
}
