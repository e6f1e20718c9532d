/* Which system calls a container may make: docker's default profile as data. */
#ifndef SHALE_RUNNER_SECCOMP_TABLE_H
#define SHALE_RUNNER_SECCOMP_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* NULL-terminated. */
extern const char *const SECCOMP_ALWAYS[];

/* Allowed with any one of these capabilities. */
struct seccomp_group {
  int capability;
  const char *const *calls;
};
extern const struct seccomp_group SECCOMP_BY_CAPABILITY[];
extern const size_t SECCOMP_BY_CAPABILITY_COUNT;

/* In a single-id map these succeed and do nothing; so do mknod and mknodat of devices. */
extern const char *const SECCOMP_EMULATED[];

/*
 * Calls newer than the installed libseccomp may be; from 424 on all architectures share the numbers.
 * Above SECCOMP_LAST_KNOWN the answer is ENOSYS, so that C libraries fall back as on an older kernel.
 */
extern const uint32_t SECCOMP_ALWAYS_BY_NUMBER[];
extern const size_t SECCOMP_ALWAYS_BY_NUMBER_COUNT;
enum { SECCOMP_FIRST_SHARED = 424, SECCOMP_LAST_KNOWN = 466 };

#endif
