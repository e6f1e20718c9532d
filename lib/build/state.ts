import type { ContainerConfig, History, ImageConfig, Platform } from '../oci/types.js';
import type { Digest } from '../util/digest.js';
import { DEFAULT_PATH, environmentOf, withVariable } from '../util/environment.js';
import { describeLayers, type StepDetails } from './explain.js';

/** A stage after some of its steps: a value, never changed in place. */
export interface StageState {
  image: ImageConfig;
  /** what instructions and RUN see: the config's variables and ARG values, in the order of their declaration */
  env: ReadonlyMap<string, string>;
  /** ARG names in effect, in order, for the `|1 name=value` of history and for RUN */
  args: readonly string[];
  /** what FROM named, and how many layers it brought */
  base: { name: string; layers: number };
  /** this stage has a CMD of its own, which a later ENTRYPOINT leaves alone */
  ownCmd: boolean;
}

/** An image with nothing in it. */
export function emptyImage(platform: Platform): ImageConfig {
  return { ...platform, config: {}, rootfs: { type: 'layers', diff_ids: [] }, history: [] };
}

/** The state in which a stage starts that is built on `image`. ONBUILD triggers are not inherited. */
export function stateOf(image: ImageConfig, name = ''): StageState {
  const config: ContainerConfig = { ...image.config };
  delete config.OnBuild;
  const variables = config.Env ?? [];
  if (!environmentOf(variables).has('PATH')) config.Env = withVariable(variables, 'PATH', DEFAULT_PATH);
  return {
    image: { ...image, config, history: [...(image.history ?? [])] },
    env: environmentOf(config.Env ?? variables),
    args: [],
    base: { name, layers: image.rootfs.diff_ids.length },
    ownCmd: false,
  };
}

/** The state in which a stage starts that is built on another stage: it goes on where that one ended. */
export function inheritState(base: StageState): StageState {
  const { OnBuild: _triggers, ...config } = base.image.config ?? {};
  return { ...base, image: { ...base.image, config }, ownCmd: false };
}

/** What a step on this state is made of, for people. */
export function detailsOf(state: StageState, files?: Record<string, string>): StepDetails {
  const { image, base, args } = state;
  const layers = describeLayers(image.rootfs.diff_ids, image.history ?? [], base.layers);
  return { files, layers, base: base.name, args: [...args] };
}

export function configOf(state: StageState): ContainerConfig {
  return state.image.config ?? {};
}

export function layersOf(state: StageState): Digest[] {
  return state.image.rootfs.diff_ids;
}

export function withConfig(state: StageState, change: ContainerConfig): StageState {
  return { ...state, image: { ...state.image, config: { ...configOf(state), ...change } } };
}

/** The state with a history entry, and with a layer where the step made one. */
export function withHistory(state: StageState, entry: History, layer?: Digest): StageState {
  const { image } = state;
  const rootfs =
    layer === undefined ? image.rootfs : { ...image.rootfs, diff_ids: [...image.rootfs.diff_ids, layer] };
  return { ...state, image: { ...image, rootfs, history: [...(image.history ?? []), entry] } };
}

export function withEnvironment(state: StageState, name: string, value: string): StageState {
  const env = new Map(state.env);
  env.set(name, value);
  return { ...state, env };
}
