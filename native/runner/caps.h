/* Ids, groups and capabilities of the program. */
#ifndef SHALE_RUNNER_CAPS_H
#define SHALE_RUNNER_CAPS_H

#include "spec.h"

/* Bit mask of the named capabilities that this kernel knows. */
uint64_t capability_mask(const struct list *names);

/* Programs that are executed from here on have all that this process has, whoever they are. */
void keep_capabilities(void);

/* Root of the user namespace, where this process is somebody else in it; files that are made then are root's. */
void become_root(void);

/*
 * Becomes the user, but keeps the capabilities that loading a seccomp filter needs; the bounding set is cut to
 * `mask`. `drop_capabilities` must follow.
 */
void become_user(const struct spec *spec, uint64_t mask);

/* Leaves `mask` to root and nothing to anybody else; inheritable and ambient sets are empty (CVE-2022-29162). */
void drop_capabilities(const struct spec *spec, uint64_t mask);

#endif
