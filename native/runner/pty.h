/* A terminal for the container, from its own devpts. */
#ifndef SHALE_RUNNER_PTY_H
#define SHALE_RUNNER_PTY_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Container's side: opens a pair in the devpts beneath `dev`, sends the master over `socket`, shows the slave
 * as /dev/console and returns it. The slave is opened through the master (TIOCGPTPEER), by no path (CVE-2025-52565).
 */
int provide_terminal(int dev, int socket, uid_t owner, bool console);

/* Supervisor's side. */
int receive_terminal(int socket);

/* Gives the master the size of the caller's terminal, where there is one. */
void copy_window_size(int from, int master);

/* Puts the caller's terminal into raw mode until the process exits. */
void make_raw(int terminal);
void restore_terminal(void);

#endif
