/* The container's first process, where that is not the program itself. */
#ifndef SHALE_RUNNER_REAPER_H
#define SHALE_RUNNER_REAPER_H

/*
 * Returns in a child, in a process group of its own that has the terminal, where there is one. The caller itself stays
 * behind: it reaps what is orphaned, gives signals to the child, and ends as the child ends.
 */
void leave_reaper_behind(void);

#endif
