/* A system call profile of the caller's, in place of docker's default. */
#ifndef SHALE_RUNNER_SECCOMP_PROFILE_H
#define SHALE_RUNNER_SECCOMP_PROFILE_H

#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seccomp_rule {
  /* SECCOMP_RET_* with its data, which is also what libseccomp calls it */
  uint32_t action;
  const char **names;
  size_t name_count;
  struct scmp_arg_cmp args[6];
  unsigned arg_count;
};

enum seccomp_kind { SECCOMP_KIND_DOCKER, SECCOMP_KIND_NONE, SECCOMP_KIND_PROFILE };

struct seccomp_profile {
  enum seccomp_kind kind;
  uint32_t default_action;
  struct seccomp_rule *rules;
  size_t rule_count;
};

/*
 * Takes one field of a spec: `seccomp-none`, `seccomp-default` (an action), `seccomp-rule` (an action) and then, for it,
 * `seccomp-name` and `seccomp-arg` ("INDEX OPERATOR VALUE VALUE", numbers in decimal). False for any other key.
 */
bool read_seccomp(struct seccomp_profile *profile, const char *key, const char *value);

/* What the profile says, for this machine's architecture. */
scmp_filter_ctx make_profile(const struct seccomp_profile *profile);

#endif
