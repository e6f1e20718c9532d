/* Runs the program from a sealed copy in memory. */
#ifndef SHALE_RUNNER_SEAL_H
#define SHALE_RUNNER_SEAL_H

/*
 * Returns when the process already runs from a sealed copy; otherwise executes one with the same arguments.
 * The file that root of the container could reach through /proc/PID/exe is then one that nobody can write to
 * (CVE-2019-5736: a container overwrote the host's runtime).
 */
void run_from_sealed_copy(char **argv);

#endif
