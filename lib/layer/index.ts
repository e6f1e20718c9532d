import { type AddonFailure, loadAddon } from '../util/addon.js';
import { errorMessage, LayerError } from '../util/errors.js';
import { chosenEngine, type EngineChoice } from './choice.js';
import { NativeEngine } from './native.js';
import type { LayerEngine } from './types.js';
import { WasmCore } from './wasm/core.js';
import { WasmEngine } from './wasm/engine.js';

export type { EngineChoice } from './choice.js';
export { decodeIndex, encodeIndex } from './codec.js';
export { MergedIndex, type Resolved } from './merged.js';
export { ResumableSha256 } from './resumable-sha256.js';

/** For `shale info`: which engine works here and why the others do not. */
export interface EngineFacts {
  engine: 'native' | 'wasm' | 'none';
  /** the package or file that the addon came from */
  from?: string;
  /** the sha256 kernel that the CPU allows, and the threads that are used */
  native?: { sha256: string; threads: number };
  /** which WebAssembly build takes over without the addon */
  wasm?: 'simd' | 'plain';
  failures: AddonFailure[];
}

const engines = new Map<EngineChoice, LayerEngine>();

/**
 * The layer engine: one per process and choice.
 * @param choice default: `SHALE_ENGINE`, then `auto` (the addon where it loads, else WebAssembly)
 * @throws UsageError `USAGE_ENGINE` for an unknown name
 * @throws LayerError `LAYER_ENGINE_MISSING` when what was asked for does not load
 */
export async function loadEngine(choice: EngineChoice = chosenEngine()): Promise<LayerEngine> {
  const known = engines.get(choice);
  if (known !== undefined) return known;
  const engine = create(choice);
  engines.set(choice, engine);
  return engine;
}

/** What `loadEngine('auto')` finds. Never throws. */
export function engineFacts(): EngineFacts {
  const { addon, from, failures } = loadAddon();
  if (addon === undefined) return wasmFacts(failures);
  return { engine: 'native', ...(from === undefined ? {} : { from }), native: addon.facts(), failures };
}

function wasmFacts(failures: AddonFailure[]): EngineFacts {
  try {
    return { engine: 'wasm', wasm: WasmCore.load().variant, failures };
  } catch (error) {
    return { engine: 'none', failures: [...failures, { from: 'wasm', why: errorMessage(error) }] };
  }
}

function create(choice: EngineChoice): LayerEngine {
  const { addon, failures } = loadAddon();
  if (addon !== undefined && choice !== 'wasm') return new NativeEngine(addon);
  if (choice !== 'native') return new WasmEngine();
  throw new LayerError('LAYER_ENGINE_MISSING', 'the native layer engine does not load', {
    hint: 'Build it with: npm run build',
    detail: { failures },
  });
}
