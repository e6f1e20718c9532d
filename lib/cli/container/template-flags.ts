import type { ImageTemplate } from '../../container/image-template.js';
import { parseDuration } from '../../dockerfile/index.js';
import { type FlagSpec, invalidArgument } from '../flags.js';
import {
  checkOf,
  configured,
  directoryOf,
  editEnv,
  editKeys,
  editMap,
  editSet,
  entrypointOf,
  portsOf,
  signalOf,
  withHealth,
  wordsOf,
} from './template-edits.js';

/** A flag of `config`, and what a value of it makes of the image that is to come. */
export interface TemplateFlag extends FlagSpec {
  /** @throws UsageError `USAGE_FLAG_VALUE` */
  edit(template: ImageTemplate, text: string): ImageTemplate;
  /** the instruction that says the same, for `--add-history` */
  instruction?: string;
}

/** All of buildah's. Where buildah applies them in an order of its own, so do we: from the first to the last. */
export const TEMPLATE_FLAGS: readonly TemplateFlag[] = [
  {
    ...list('annotation', 'KEY=VALUE', 'Annotation of the manifest', 'a'),
    edit: (template, text) => ({ ...template, annotations: editMap(template.annotations, text) }),
  },
  platformText('arch', 'architecture', 'Architecture'),
  templateText('author', 'author', 'Author of the image'),
  {
    ...text('cmd', 'COMMAND', 'Default command: words, or a JSON array', 'CMD'),
    // docker's mark of a command that a shell is to take apart
    edit: (template, words) => configured(template, { Cmd: wordsOf(words), ArgsEscaped: undefined }),
  },
  templateText('comment', 'comment', "Comment of the image, a field of docker's"),
  templateText('created-by', 'createdBy', "How the container's layer was made, for the history"),
  configText('domainname', 'Domainname', "Domain name, a field of docker's"),
  {
    ...text('entrypoint', 'COMMAND', 'Entrypoint: a JSON array, or a line for /bin/sh -c', 'ENTRYPOINT'),
    edit: (template, line) => configured(template, { Entrypoint: entrypointOf(line) }),
  },
  {
    ...list('env', 'NAME[=VALUE]', 'Environment variable; without a value: yours', 'e', 'ENV'),
    edit: (template, variable) => configured(template, { Env: editEnv(template.config.Env ?? [], variable) }),
  },
  {
    ...text(
      'healthcheck',
      'COMMAND',
      'NONE, CMD WORDS, CMD-SHELL LINE, or nothing to have none',
      'HEALTHCHECK',
    ),
    edit: (template, command) => configured(template, { Healthcheck: checkOf(template, command) }),
  },
  healthDuration('healthcheck-interval', 'Interval', 'Time between checks'),
  healthDuration('healthcheck-start-period', 'StartPeriod', 'Failures count only after it'),
  healthDuration('healthcheck-timeout', 'Timeout', 'How long a check may take'),
  {
    ...text('healthcheck-retries', 'N', 'Failures in a row that make it unhealthy'),
    edit: (template, count) => {
      if (!/^\d{1,9}$/.test(count)) throw invalidArgument(count, '--healthcheck-retries');
      return withHealth(template, { Retries: Number(count) });
    },
  },
  templateText('history-comment', 'historyComment', "Comment of the container's layer"),
  configText('hostname', 'Hostname', "Host name, a field of docker's"),
  {
    ...list('label', 'KEY=VALUE', 'Label', 'l', 'LABEL'),
    edit: (template, label) => configured(template, { Labels: editMap(template.config.Labels ?? {}, label) }),
  },
  {
    ...list('onbuild', 'INSTRUCTION', 'Instruction for builds on the image', undefined, 'ONBUILD'),
    edit: (template, instruction) =>
      configured(template, {
        OnBuild: instruction === '-' ? [] : [...(template.config.OnBuild ?? []), instruction].filter(Boolean),
      }),
  },
  platformText('os', 'os', 'Operating system'),
  {
    ...list('os-feature', 'FEATURE', 'Feature that the operating system needs'),
    edit: ({ platform, ...template }, feature) => {
      const features = editSet(platform['os.features'] ?? [], feature);
      return { ...template, platform: { ...platform, 'os.features': features } };
    },
  },
  platformText('os-version', 'os.version', 'Version of the operating system'),
  {
    ...list('port', 'PORT[/PROTOCOL]', 'Port that is exposed', 'p', 'EXPOSE'),
    edit: (template, port) =>
      configured(template, { ExposedPorts: editKeys(template.config.ExposedPorts, port, portsOf) }),
  },
  {
    ...text('shell', 'WORDS', "Shell of RUN, CMD and ENTRYPOINT in builds, a field of docker's", 'SHELL'),
    edit: (template, words) => configured(template, { Shell: wordsOf(words) }),
  },
  {
    ...text('stop-signal', 'SIGNAL', 'Signal that ends the program', 'STOPSIGNAL'),
    edit: (template, signal) => configured(template, { StopSignal: signalOf(signal) }),
  },
  { ...configText('user', 'User', 'User of the program: USER[:GROUP]', 'USER'), short: 'u' },
  platformText('variant', 'variant', 'Variant of the architecture'),
  {
    ...list('volume', 'PATH', 'Directory that becomes a volume', 'v', 'VOLUME'),
    edit: (template, path) => configured(template, { Volumes: editKeys(template.config.Volumes, path) }),
  },
  {
    ...text('workingdir', 'PATH', 'Working directory; a relative one is beneath that before', 'WORKDIR'),
    edit: (template, path) =>
      configured(template, { WorkingDir: directoryOf(template.config.WorkingDir, path) }),
  },
];

function text(
  name: string,
  value: string,
  help: string,
  instruction?: string,
): FlagSpec & { instruction?: string } {
  return { name, kind: 'string', value, help, instruction };
}

function list(
  name: string,
  value: string,
  help: string,
  short?: string,
  instruction?: string,
): FlagSpec & { instruction?: string } {
  return { name, short, kind: 'list', value, help: `${help} (repeatable)`, instruction };
}

function templateText(
  name: string,
  key: 'author' | 'comment' | 'createdBy' | 'historyComment',
  help: string,
): TemplateFlag {
  return { ...text(name, 'TEXT', help), edit: (template, value) => ({ ...template, [key]: value }) };
}

function platformText(
  name: string,
  key: 'architecture' | 'os' | 'os.version' | 'variant',
  help: string,
): TemplateFlag {
  const edit = ({ platform, ...template }: ImageTemplate, value: string): ImageTemplate => ({
    ...template,
    platform: { ...platform, [key]: value },
  });
  return { ...text(name, 'TEXT', help), edit };
}

function configText(
  name: string,
  key: 'Domainname' | 'Hostname' | 'User',
  help: string,
  instruction?: string,
): TemplateFlag {
  return {
    ...text(name, 'TEXT', help, instruction),
    edit: (template, value) => configured(template, { [key]: value === '' ? undefined : value }),
  };
}

function healthDuration(
  name: string,
  key: 'Interval' | 'StartPeriod' | 'Timeout',
  help: string,
): TemplateFlag {
  return {
    ...text(name, 'TIME', help),
    edit: (template, duration) => {
      const nanoseconds = parseDuration(duration);
      if (nanoseconds === undefined || nanoseconds < 0) throw invalidArgument(duration, `--${name}`);
      return withHealth(template, { [key]: nanoseconds });
    },
  };
}
