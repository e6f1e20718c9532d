/* A program that serves a container's root: fuse-overlayfs, where the kernel lets nobody but root mount an overlay. */
#ifndef SHALE_RUNNER_ROOTSERVER_H
#define SHALE_RUNNER_ROOTSERVER_H

#include "spec.h"

/*
 * Starts `spec->server`, and returns when it has mounted the root: who gets a mount namespace from here on sees it.
 * `alive` is a pipe whose other end only the caller holds: the program dies with the caller.
 *
 * Returns its process.
 */
pid_t start_root_server(const struct spec *spec, int alive);

/* What was written is in the upper directory when it returns. */
void stop_root_server(pid_t server);

#endif
