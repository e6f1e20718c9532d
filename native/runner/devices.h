/* A /dev of our own: the image's is never used. */
#ifndef SHALE_RUNNER_DEVICES_H
#define SHALE_RUNNER_DEVICES_H

#include "beneath.h"
#include "spec.h"

/* The host's /dev/null, checked to be one (CVE-2025-31133: a link in its place made a mask writable). */
int open_null(void);

/* Mounts /dev and returns its descriptor. */
int mount_dev(int root, const struct creation_observer *create, int64_t shm_size);

#endif
