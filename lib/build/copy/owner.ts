import type { Ids } from '../../util/passwd.js';

/** uid and gid in the container. */
export type Owner = Ids;

export const ROOT: Owner = { uid: 0, gid: 0 };
