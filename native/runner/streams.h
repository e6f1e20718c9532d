/* What `run` and `exec` share: their arguments, the streams of the program, and the report of its end. */
#ifndef SHALE_RUNNER_STREAMS_H
#define SHALE_RUNNER_STREAMS_H

#include "container.h"
#include "supervise.h"

/* The number after `name` among the arguments; ends the program when it is missing. */
int number_argument(int argc, char **argv, const char *name);

void give_stream(struct container *container, struct supervision *supervision, int fd);
void close_given_streams(struct container *container);
void take_terminal(struct supervision *supervision, int socket);

/* Waits until the program is executed, or cannot be, and reports it. */
void await_start(int ends[2]);

/* Reports a wait status. Returns the exit code that says the same. */
int report_end(int status);

#endif
