/* The system call filter. */
#ifndef SHALE_RUNNER_SECCOMP_H
#define SHALE_RUNNER_SECCOMP_H

#include <linux/filter.h>
#include <seccomp.h>

#include "spec.h"

/* Calls that an architecture or this libseccomp does not know are nothing to decide on. */
void add_rule(scmp_filter_ctx filter, uint32_t action, const char *name, unsigned count, const struct scmp_arg_cmp *args);
/* Beside the machine's own architecture those whose programs it runs too. */
void add_architectures(scmp_filter_ctx filter);

/* The compiled filter (empty: none), from the spec's cache file or made by libseccomp (and then kept there). */
struct sock_fprog prepare_filter(const struct spec *spec, uint64_t capabilities);

void load_filter(const struct sock_fprog *program);

#endif
