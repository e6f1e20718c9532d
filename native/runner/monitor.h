/* What holds one container: the parts of `shale-runner monitor`. */
#ifndef SHALE_RUNNER_MONITOR_H
#define SHALE_RUNNER_MONITOR_H

#include <stdbool.h>
#include <sys/types.h>

#include "clients.h"
#include "health.h"
#include "logfile.h"
#include "restart.h"

enum { SPEC = 3, REPORT = 4, LOCK = 5, LOG = 6, DIRECTORY = 7, CLIENT = 8, SECRETS = 9 };

struct monitor {
  bool tty, keep_input, first_client, silent, has_secrets;
  char **command, **after;
  pid_t child;
  /* exit code of the last run */
  int status;
  int listener, signals;
  /* what the container reads, and what it has not taken yet */
  int input;
  bool close_input;
  size_t start, end;
  char pending[CHUNK];
  /* what it writes; a terminal has one way only */
  int output[2];
  struct log_stream streams[2];
  struct clients clients;
  struct health health;
  struct restarts restarts;
};

/* Starts the command with new streams, whose other ends the monitor holds. */
void start_command(struct monitor *monitor);

#endif
