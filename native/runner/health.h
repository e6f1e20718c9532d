/*
 * Health checks, as docker makes them: a program is executed in the container from time to time. What came of it
 * stands in `health.json` in the container's directory, in the form of docker's `State.Health`.
 */
#ifndef SHALE_RUNNER_HEALTH_H
#define SHALE_RUNNER_HEALTH_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

enum { HEALTH_RESULTS = 5, HEALTH_OUTPUT = 4096 };
enum health_status { HEALTH_STARTING, HEALTH_HEALTHY, HEALTH_UNHEALTHY };

struct health_result {
  struct timespec start, end;
  int code;
  size_t size;
  char output[HEALTH_OUTPUT];
};

struct health {
  /* milliseconds; an interval of 0: the container has no check */
  long interval, timeout, start_period, start_interval;
  int retries;
  /* of the container: its directory, with the file `probe` (a spec for `exec`), and this program's file */
  int directory;
  /* what is said beside the spec (secrets.h), or -1 */
  int secrets;
  const char *runner;

  enum health_status status;
  int streak;
  /* monotonic milliseconds: the container's start, and the next thing to do */
  long begun, next;
  /* the check that runs now, or 0; its output */
  pid_t probe;
  int output;
  struct health_result results[HEALTH_RESULTS];
  size_t count;
};

/* `INTERVAL,TIMEOUT,START_PERIOD,START_INTERVAL,RETRIES`. Ends the program when it is something else. */
void health_configure(struct health *health, const char *text);

/* The container has been started, or has ended. */
void health_begin(struct health *health);
void health_end(struct health *health);

/* How long to wait at most, or -1. */
int health_wait(const struct health *health);
void health_wants(const struct health *health, struct pollfd *entry);

/* Does what is due now. */
void health_turn(struct health *health, const struct pollfd *entry);

/* A child of ours has ended. */
void health_child(struct health *health, pid_t pid, int status);

/* Monotonic milliseconds. */
long now_ms(void);

#endif
