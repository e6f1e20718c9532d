// The libraries that the addon and the runner are linked with, as static archives of position-independent code.
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './compiler.mjs';

/** Folders of sources, what is no part of the library, the header to install, and how its parts find each other. */
const LIBRARIES = [
  {
    name: 'deflate',
    folder: 'libdeflate',
    sources: ['lib', 'lib/arm', 'lib/x86'],
    without: /^(adler32|zlib_)/,
    headers: ['libdeflate.h'],
    flags: ['-I.'],
  },
  {
    name: 'zstd',
    folder: 'libzstd',
    sources: ['lib/common', 'lib/compress', 'lib/decompress'],
    headers: ['lib/zstd.h', 'lib/zstd_errors.h'],
    flags: ['-DXXH_NAMESPACE=ZSTD_', '-DZSTD_LEGACY_SUPPORT=0'],
  },
  {
    name: 'seccomp',
    folder: 'libseccomp',
    sources: ['src'],
    without: /^arch-syscall-dump/,
    headers: ['include/seccomp.h', 'include/seccomp-syscalls.h'],
    flags: ['-I.', '-Iinclude', '-DHAVE_LINUX_SECCOMP_H=1'],
  },
];

function sourcesOf({ folder, sources, without }, root) {
  return sources.flatMap(directory =>
    readdirSync(join(root, folder, directory))
      .filter(name => /\.[cS]$/.test(name) && !without?.test(name))
      .map(name => join(root, folder, directory, name)),
  );
}

/** Builds all of them from the sources under `root` into `prefix`/include and `prefix`/lib. */
export function buildLibraries(root, tools, prefix) {
  for (const folder of ['include', 'lib']) mkdirSync(join(prefix, folder), { recursive: true });
  for (const library of LIBRARIES) buildLibrary(library, root, tools, prefix);
}

function buildLibrary(library, root, tools, prefix) {
  const archive = join(prefix, 'lib', `lib${library.name}.a`);
  if (existsSync(archive)) return;
  const objects = join(prefix, 'objects', library.name);
  mkdirSync(objects, { recursive: true });
  const tree = join(root, library.folder);
  const flags = library.flags.map(flag => flag.replace(/^-I/, `-I${tree}/`));
  const [compiler, ...words] = tools.CC.split(' ');
  run(compiler, [...words, '-c', '-O3', '-fPIC', ...flags, ...sourcesOf(library, root)], { cwd: objects });
  run(tools.AR, ['rcs', archive, ...readdirSync(objects)], { cwd: objects });
  rmSync(objects, { recursive: true });
  for (const header of library.headers)
    copyFileSync(join(tree, header), join(prefix, 'include', header.split('/').at(-1)));
}
