import type { ContainerConfig, History, ImageConfig, Platform } from '../oci/types.js';
import { withVariable } from '../util/environment.js';
import { inheritedVariables } from './environment.js';
import type { KeptOptions } from './options.js';

/** What an image that is committed of a container says, beside its layers. */
export interface ImageTemplate {
  platform: Platform;
  config: ContainerConfig;
  /** of the manifest */
  annotations: Record<string, string>;
  author?: string;
  /** of the image, a field of docker's */
  comment?: string;
  /** how the container's layer was made; left out: the container's command */
  createdBy?: string;
  /** of the container's layer */
  historyComment?: string;
  /** entries that come before that of the container's layer */
  history: History[];
}

/** The part of a container's record that says what its image is to be. */
interface Origin {
  config: ImageConfig;
  options: KeptOptions;
  template?: ImageTemplate;
}

/** What `commit` starts from: what `config` has made of it, else the image's config with what the container was given. */
export function templateOf(origin: Origin): ImageTemplate {
  const { config, template } = origin;
  return (
    template ?? { platform: platformOf(config), config: givenConfig(origin), annotations: {}, history: [] }
  );
}

const PLATFORM_KEYS = ['os', 'architecture', 'variant', 'os.version', 'os.features'] as const;

function platformOf(image: ImageConfig): Platform {
  const entries = PLATFORM_KEYS.filter(key => image[key] !== undefined).map(key => [key, image[key]]);
  return Object.fromEntries(entries) as Platform;
}

/** Without what a template replaces as a whole: a field that it leaves out is to be gone. */
export function withoutPlatform(image: ImageConfig): Partial<ImageConfig> {
  const rest: Partial<ImageConfig> = { ...image };
  for (const key of PLATFORM_KEYS) delete rest[key];
  return rest;
}

function givenConfig({ config: { config = {} }, options }: Origin): ContainerConfig {
  let env = inheritedVariables(config, options);
  for (const [name, value] of Object.entries(options.env ?? {})) env = withVariable(env, name, value);
  const { command = [], entrypoint, workdir, user, labels } = options;
  return {
    ...config,
    ...(env.length > 0 || config.Env !== undefined ? { Env: env } : {}),
    ...(command.length > 0 ? { Cmd: command } : {}),
    ...(entrypoint === undefined ? {} : { Entrypoint: entrypoint }),
    ...(workdir === undefined ? {} : { WorkingDir: workdir }),
    ...(user === undefined ? {} : { User: user }),
    ...(labels === undefined || Object.keys(labels).length === 0
      ? {}
      : { Labels: { ...config.Labels, ...labels } }),
  };
}
