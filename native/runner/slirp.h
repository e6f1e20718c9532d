/* What slirp4netns is told while it runs, over its socket. */
#ifndef SHALE_RUNNER_SLIRP_H
#define SHALE_RUNNER_SLIRP_H

/* The descriptor of `--ready-fd`. */
enum { SLIRP_READY_FD = 3 };

/* Sends one request (JSON) to the socket at `path`; a refusal ends the process with NETWORK_PORT_IN_USE. */
void slirp_forward(const char *path, const char *request);

#endif
