/*
 * Mount points that the image lacks are made before the program runs and taken away after it, so that a layer
 * holds only what the program did. The child makes them, the supervising parent removes them.
 */
#ifndef SHALE_RUNNER_STUBS_H
#define SHALE_RUNNER_STUBS_H

#include "beneath.h"

struct stubs;

/* A table that parent and child share. */
struct stubs *new_stubs(void);

/* `root` is the merged view, `upper` the directory that takes its changes (the same one for a plain copy). */
struct creation_observer observe_stubs(struct stubs *stubs, int root, int upper);

/* Puts the directories' times back and remembers how everything looks, before the program starts. */
void settle_stubs(struct stubs *stubs, int root, int upper);

/*
 * Removes every stub and every directory that was copied up for one, as far as the program left them alone.
 * Resolves again beneath `upper` without following links, and removes nothing whose change time moved
 * (CVE-2024-23652: the clean-up went through a parent that the step had replaced).
 */
void remove_stubs(const struct stubs *stubs, int upper);

#endif
