// The base of every build: busybox and little else, as an archive that all builders load.
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { command, onPath, shell } from '../harness/process.mjs';

const APPLETS = ['sh', 'true', 'ls', 'cat', 'echo', 'touch', 'mkdir', 'rm'];

/** @returns {Promise<string | undefined>} a docker archive that names its image `name`; undefined without busybox */
export async function makeBase(dir, name) {
  const busybox = onPath('busybox');
  if (busybox === undefined) return undefined;
  const root = join(dir, 'base');
  for (const folder of ['bin', 'etc', 'tmp', 'proc', 'sys', 'dev'])
    mkdirSync(join(root, folder), { recursive: true });
  copyFileSync(busybox, join(root, 'bin/busybox'));
  for (const applet of APPLETS) symlinkSync('busybox', join(root, 'bin', applet));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  const archive = join(dir, 'base.tar');
  const shale = [
    process.execPath,
    fileURLToPath(new URL('../../bin/shale', import.meta.url)),
    '--root',
    join(dir, 'store-base'),
  ];
  const [node, ...args] = shale;
  await shell('tar -C "$1" --owner=0 --group=0 -cf "$1.rootfs" .', root);
  await command(node, [...args, 'import', '--change', 'CMD ["sh"]', `${root}.rootfs`, name]);
  await command(node, [...args, 'save', '-o', archive, name]);
  return archive;
}
