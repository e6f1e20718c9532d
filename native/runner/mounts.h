/* Everything that is mounted inside the root, before it becomes the root. */
#ifndef SHALE_RUNNER_MOUNTS_H
#define SHALE_RUNNER_MOUNTS_H

#include "beneath.h"
#include "spec.h"

/* Returns a detached mount of a new file system; `options` are NULL-terminated pairs of key and value. */
int new_filesystem(const char *type, unsigned attributes, const char *const *options);

/* Opens a directory of the image to mount on: a symlink or file in its place is refused (CVE-2019-19921). */
int open_mount_point(int root, const char *name, const struct creation_observer *create);

/* /proc, with what must not be read or written covered. `null` is a verified /dev/null; -1: nothing is covered. */
void mount_proc(int root, const struct creation_observer *create, int null);
/* /sys, read-only; `masked`: with what must not be read covered. */
void mount_sys(int root, const struct creation_observer *create, enum network network, bool masked);
/*
 * The files that the sandbox itself gives. They are made in `dev`, the container's own tmpfs, and their names removed
 * there, so that neither a file nor a path of the host can be seen through them.
 */
void provide_files(int root, int dev, const struct creation_observer *create, const struct spec *spec);
/*
 * Ends the program when `place` is a file of the kernel: a link of the image must not lead a mount onto /proc or
 * /sys, where it could undo what is covered (CVE-2019-16884).
 */
void refuse_kernel_files(int place, const char *target);

#endif
