/* Files of the kernel that a container must not read or must not write. */
#ifndef SHALE_RUNNER_MASKS_H
#define SHALE_RUNNER_MASKS_H

/* `proc`, `sys`: the mounts; `null`: a verified /dev/null, to lie over files. */
void cover_proc(int proc, int null);
void cover_sys(int sys);

#endif
