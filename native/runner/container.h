/* The container's first process, from clone to execve. */
#ifndef SHALE_RUNNER_CONTAINER_H
#define SHALE_RUNNER_CONTAINER_H

#include <linux/filter.h>

#include "spec.h"
#include "stubs.h"

struct container {
  const struct spec *spec;
  uint64_t capabilities;
  struct sock_fprog filter;
  struct stubs *stubs;
  /* descriptor of the directory that takes the changes */
  int upper;
  /* what becomes the program's 0, 1 and 2; -1 for a terminal */
  int stdio[3];
  /* socket to the supervisor: the terminal's master side goes there */
  int terminal;
  /* pipe whose other end only the supervisor holds; -1: outlives it */
  int alive;
  /* pipe that says when the network is up; -1: nothing to wait for */
  int gate;
};

/* Never returns: executes the program or ends with a report. */
void start_container(const struct container *container) __attribute__((noreturn));

/* The same for one more program in a container whose namespaces this process has entered. */
void join_container(const struct container *container) __attribute__((noreturn));

#endif
