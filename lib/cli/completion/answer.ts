import { images } from '../../api/images.js';
import type { ShaleOptions } from '../../api/options.js';
import { GLOBALS } from '../globals.js';
import { COMMANDS, findCommand } from '../registry.js';
import { type Candidate, complete, type Surroundings } from './complete.js';

/**
 * Answers the scripts of the shells: `files` or `words`, then a candidate on each line.
 * @param words what is typed of the last word, and the words before it
 */
export async function answerCompletion(words: readonly string[], options: ShaleOptions): Promise<string> {
  const [current = '', ...before] = words;
  const { candidates, files } = await complete(surroundings(options), before, current);
  const lines = candidates.map(({ value, help }) => (help === undefined ? value : `${value}\t${help}`));
  return `${[files ? 'files' : 'words', ...lines].join('\n')}\n`;
}

function surroundings(options: ShaleOptions): Surroundings {
  return {
    globals: GLOBALS,
    commands: COMMANDS,
    load: findCommand,
    // whatever goes wrong, a completion is not the place to tell
    names: async kind => {
      try {
        return await NAMES[kind](options);
      } catch {
        return [];
      }
    },
  };
}

const NAMES: Record<Parameters<Surroundings['names']>[0], (options: ShaleOptions) => Promise<Candidate[]>> = {
  image: async options => {
    const found = await images(options);
    return found
      .filter(({ repository }) => repository !== '<none>')
      .map(({ repository, tag, id }) => ({ value: `${repository}:${tag}`, help: id.slice(7, 19) }));
  },
  container: async options => {
    const { list } = await import('../../api/containers.js');
    return (await list(options)).map(({ record, state }) => ({
      value: record.name,
      help: `${record.imageName}, ${state.status}`,
    }));
  },
  volume: async () => [],
  network: async () => ['host', 'none'].map(value => ({ value })),
};
