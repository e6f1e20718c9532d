/*
 * Copies files out of a container and into it, as a tar on the standard streams. It happens in the container's own root:
 * whatever links the container makes meanwhile, they lead to nothing but its own files (CVE-2018-15664,
 * CVE-2019-14271: nothing of the container is loaded or executed either).
 */
#ifndef SHALE_RUNNER_COPY_H
#define SHALE_RUNNER_COPY_H

#include "spec.h"

/*
 * In place of a program: `stat PATH FOLLOW`, `out PATH NAME FOLLOW`, `in DIRECTORY OWNERS`, flags as 0 or 1. What goes
 * wrong is said on standard error, and the exit code is 1.
 */
void copy_files(const struct spec *spec) __attribute__((noreturn));

/* Writes PATH as a tar whose entries begin with `name`. `follow`: a link at its end is followed. */
void copy_out(const char *path, const char *name, bool follow);

/* Reads a tar into a directory, which is made where only its parent is there. `owners`: the ids are those of the tar, and not root's. */
void copy_in(const char *directory, bool owners);

#endif
