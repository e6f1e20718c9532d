/*
 * The way out of a network namespace: pasta or slirp4netns, which turn a container's packets into sockets of the
 * host's network. They need no privileges but those over the container's own namespace.
 */
#ifndef SHALE_RUNNER_UPLINK_H
#define SHALE_RUNNER_UPLINK_H

#include "spec.h"

/*
 * Starts what `spec` says for the network namespace of the process `container`, and returns at once. One byte goes
 * into `gate` when the network is up; before that the container's program must not run. `alive` is a pipe whose
 * other end only the caller holds: all that is started dies with the caller.
 *
 * Returns the process that holds the helper: when it is killed, the helper and its ports are gone.
 */
pid_t start_uplink(const struct spec *spec, pid_t container, int gate, int alive);

/* Waits for that byte; ends the process without a word when it does not come, because the helper's keeper has said why. */
void await_uplink(int gate);

void stop_uplink(pid_t keeper);

#endif
