import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where Node's headers lie when the distribution installs them; node-gyp would otherwise download them. */
export function nodeHeaders() {
  return [process.env.npm_config_nodedir, join(dirname(process.execPath), '..')].find(
    directory => directory && existsSync(join(directory, 'include/node/node_api.h')),
  );
}
