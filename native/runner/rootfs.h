/* The container's root: mounted, and made the root of everything. */
#ifndef SHALE_RUNNER_ROOTFS_H
#define SHALE_RUNNER_ROOTFS_H

#include "spec.h"

/* Mounts the overlay, or binds the directory onto itself; returns a descriptor of the root. */
int mount_root(const struct spec *spec);

/* Directories of an overlay; `lowers` topmost first. */
struct overlay {
  const struct list *lowers;
  const char *upper, *work;
  /* false: `volatile`, the overlay leaves out every sync, and the store syncs what it keeps */
  bool durable;
};

/* The overlay alone, on an empty directory. Fails with SANDBOX_OVERLAY. */
void mount_overlay(const char *target, const struct overlay *overlay);

/* Makes it `/` and detaches what was there before. */
void enter_root(int root, bool readonly);

#endif
