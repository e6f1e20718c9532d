/* What the caller asked to have mounted: files of the host, trees, memory, secrets. */
#ifndef SHALE_RUNNER_EXTRAS_H
#define SHALE_RUNNER_EXTRAS_H

#include "beneath.h"
#include "spec.h"

/* `dev` is the container's own tmpfs: secrets lie in it, without a name. */
void mount_extras(int root, int dev, const struct creation_observer *create, const struct spec *spec);

#endif
