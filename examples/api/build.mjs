// Builds an image through the Node API and runs it: node examples/api/build.mjs [DIRECTORY]
import { build, isShaleError, run } from 'shale';

const context = process.argv[2] ?? new URL('.', import.meta.url).pathname;
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

try {
  const result = await build({
    context,
    tags: ['demo/api'],
    signal: stop.signal,
    onEvent: event => {
      if (event.type === 'step') console.log(`${event.status.padEnd(8)} ${event.name}`);
      if (event.type === 'log') process.stdout.write(event.data);
    },
  });
  console.log(`image ${result.imageId}`);
  const { exitCode } = await run({ image: result.imageId, signal: stop.signal });
  process.exitCode = exitCode;
} catch (error) {
  if (!isShaleError(error)) throw error;
  console.error(`${error.code}: ${error.message}`);
  if (error.hint) console.error(error.hint);
  process.exitCode = 1;
}
