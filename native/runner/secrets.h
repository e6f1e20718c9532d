/*
 * The secrets of a container, which are on no disk: its monitor gets them through a pipe, in the form of a spec (spec.h),
 * keeps them in sealed memory, and puts them behind each spec that it has a program read.
 */
#ifndef SHALE_RUNNER_SECRETS_H
#define SHALE_RUNNER_SECRETS_H

/* Reads the pipe to its end, and puts memory with the same bytes in the descriptor's place. */
void hold_secrets(int pipe);

/* A descriptor with what the spec and the secrets say, or -1. */
int join_secrets(int spec, int secrets);

#endif
