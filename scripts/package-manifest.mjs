// For package.sh: makes of the package.json in DIRECTORY the one that is published. Every platform's package is an
// optional dependency; targets stay as far as `artifacts/` has an addon for them, and @napi-rs/cli packs those.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { platformOf } from './prebuild/platforms.mjs';

const [directory] = process.argv.slice(2);
const file = join(directory, 'package.json');
const { scripts: _, devDependencies: __, ...published } = JSON.parse(readFileSync(file, 'utf8'));
const { version, napi } = published;
published.optionalDependencies = Object.fromEntries(
  napi.targets.map(target => [`shale-${platformOf(target)}`, version]),
);
napi.targets = napi.targets.filter(target =>
  existsSync(join(directory, 'artifacts', `shale.${platformOf(target)}.node`)),
);
writeFileSync(file, `${JSON.stringify(published, null, 2)}\n`);
