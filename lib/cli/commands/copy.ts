import { type CopyEvent, type CopyImageOptions, copyImage } from '../../api/copy.js';
import { isImageName } from '../../image/transport/name.js';
import { UsageError } from '../../util/errors.js';
import { writeOutput } from '../../util/output.js';
import type { Command, Invocation } from '../command.js';
import { COPY_FLAGS, compressionWishes, formatOf, multiArchOf } from '../copy-flags.js';
import { makeProgress } from '../progress/index.js';
import { platformChoice, remoteOptions } from '../remote-flags.js';

export const copyCommand: Command = {
  name: 'copy',
  summary: 'Copy an image between registries, layouts, archives, directories and the store',
  operands: 'SOURCE_IMAGE DESTINATION_IMAGE',
  arity: { min: 2 },
  flags: COPY_FLAGS,
  examples: [
    'shale copy docker://debian:12 docker://registry.example.com/mirror/debian:12',
    'shale copy --all docker://debian:12 oci:layout:debian',
    'shale copy --dest-compress-format zstd oci:layout:debian docker://127.0.0.1:5000/debian',
    'shale copy containers-storage:me/app docker-archive:app.tar:me/app:1',
    'shale copy docker-archive:app.tar containers-storage:me/app',
  ],
  run: async invocation => {
    const { flags, options } = invocation;
    const [source, destination] = imageOperands(invocation);
    const quiet = flags.bool('quiet');
    const progress = makeProgress(quiet || process.stderr.isTTY !== true ? 'quiet' : 'auto');
    // where both are one terminal, a line must not be written into the live display
    const display = process.stdout.isTTY ? progress.line : undefined;
    const say = display ?? (STANDARD_OUTPUT.test(destination) ? printAside : printLine);
    try {
      const digest = await copyImage({
        ...options,
        source,
        destination,
        ...howOf(invocation),
        onStep: quiet ? undefined : event => say(lineOf(event)),
        onEvent: progress.event,
      });
      const file = flags.string('digestfile');
      if (file !== undefined) await writeOutput(file, digest);
      return 0;
    } finally {
      progress.end();
    }
  },
};

/** An archive that goes there must have nothing else in it. */
const STANDARD_OUTPUT = /:\/(?:dev\/stdout|dev\/fd\/1|proc\/self\/fd\/1)(?::|$)/;

function printAside(text: string): void {
  process.stderr.write(`${text}\n`);
}

function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** buildah's `copy` has a container first, and docker's is `cp`. @throws UsageError `USAGE_ARGUMENTS` */
function imageOperands({ operands }: Invocation): [source: string, destination: string] {
  const [source = '', destination = '', ...more] = operands;
  if (more.length === 0 && [source, destination].some(text => text.includes(':')))
    return [source, destination];
  throw new UsageError(
    'USAGE_ARGUMENTS',
    more.length > 0 ? 'Exactly two arguments expected' : `${source} and ${destination} name no images`,
    {
      hint: `images have a transport, as in docker://debian:12; files go with shale cp ${
        more.length > 0 && !isImageName(source)
          ? `${operands.slice(1, -1).join(' ')} ${source}:${operands.at(-1)}`
          : 'SOURCE CONTAINER:PATH'
      }`,
      detail: { cliExitCode: 1 },
    },
  );
}

function howOf({ flags }: Invocation): Omit<CopyImageOptions, 'source' | 'destination'> {
  return {
    from: remoteOptions(flags, 'src'),
    to: remoteOptions(flags, 'dest'),
    platform: platformChoice(flags),
    multiArch: multiArchOf(flags),
    format: formatOf(flags),
    preserveDigests: flags.bool('preserve-digests'),
    compression: compressionWishes(flags),
    additionalTags: flags.list('additional-tag'),
  };
}

/** skopeo's lines. */
function lineOf(event: CopyEvent): string {
  switch (event.type) {
    case 'blob':
    case 'config':
      return `Copying ${event.type} ${event.digest}`;
    case 'list':
      return `Copying ${event.copied} of ${event.total} images in list`;
    case 'instance':
      return `Copying image ${event.digest} (${event.number}/${event.total})`;
    case 'manifest':
      return 'Writing manifest to image destination';
    case 'index':
      return 'Writing manifest list to image destination';
  }
}
