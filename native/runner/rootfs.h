/* The container's root: mounted, and made the root of everything. */
#ifndef SHALE_RUNNER_ROOTFS_H
#define SHALE_RUNNER_ROOTFS_H

#include "spec.h"

/* Mounts the overlay, or binds the directory onto itself; returns a descriptor of the root. */
int mount_root(const struct spec *spec);

/* The overlay alone, on an empty directory. Fails with SANDBOX_OVERLAY. */
void mount_overlay(const char *target, const struct list *lowers, const char *upper, const char *work);

/* Makes it `/` and detaches what was there before. */
void enter_root(int root, bool readonly);

#endif
