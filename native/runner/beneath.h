/* Paths of the image: resolved as the container would see them, never leaving the root. */
#ifndef SHALE_RUNNER_BENEATH_H
#define SHALE_RUNNER_BENEATH_H

#include <stdbool.h>

enum kind { KIND_DIRECTORY, KIND_FILE };

/* Called with the path (relative, without symlinks) of each thing just before and just after it is created. */
struct creation_observer {
  void (*before)(void *context, const char *path);
  void (*after)(void *context, const char *path, enum kind kind);
  void *context;
};

/*
 * Opens (O_PATH) what `path` means inside the root, with what is missing created (directories 0755, files 0644,
 * root:root) unless `create` is NULL. Each component is opened from the root with RESOLVE_NO_SYMLINKS, links
 * are followed by hand and stay beneath the root, and the descriptor that comes out is what gets mounted on:
 * nothing is resolved twice (CVE-2021-30465, CVE-2024-45310).
 * Returns -1 with errno: ENOTDIR, EISDIR, ELOOP, ENOENT, ….
 */
int open_beneath(int root, const char *path, enum kind kind, const struct creation_observer *create);

#endif
