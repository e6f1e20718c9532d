// Puts each program that starts often into one file: opening and compiling two hundred modules took longer than most
// commands take. The library stays as modules. Written to dist/bundle, from what tsc has made.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const dist = join(dirname(fileURLToPath(import.meta.url)), '../dist');

// Programs that run in processes or threads of their own, so that no class exists twice in one of them.
const PROGRAMS = {
  cli: 'cli/main.js',
  'sandbox-worker': 'sandbox/worker-main.js',
  'engine-worker': 'layer/wasm/worker.js',
};

await build({
  entryPoints: Object.entries(PROGRAMS).map(([out, file]) => ({ out, in: join(dist, file) })),
  outdir: join(dist, 'bundle'),
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'eof',
  logLevel: 'warning',
  // What is CommonJS inside asks for Node's own modules by `require`.
  banner: { js: "import{createRequire as __r}from'node:module';const require=__r(import.meta.url);" },
});
