/* The system call filter. */
#ifndef SHALE_RUNNER_SECCOMP_H
#define SHALE_RUNNER_SECCOMP_H

#include <linux/filter.h>

#include "spec.h"

/* The compiled filter, from the spec's cache file or made by libseccomp (and then kept there). */
struct sock_fprog prepare_filter(const struct spec *spec, uint64_t capabilities);

void load_filter(const struct sock_fprog *program);

#endif
