import { UsageError } from '../util/errors.js';

export type EngineChoice = 'native' | 'wasm' | 'auto';

/** `SHALE_ENGINE`, else `auto`. @throws UsageError `USAGE_ENGINE` for an unknown name */
export function chosenEngine(): EngineChoice {
  const name = process.env.SHALE_ENGINE ?? 'auto';
  if (name === 'native' || name === 'wasm' || name === 'auto') return name;
  throw new UsageError('USAGE_ENGINE', `SHALE_ENGINE is ${JSON.stringify(name)}`, {
    hint: 'Set it to native, wasm or auto, or unset it.',
  });
}
