import { type ImageTemplate, templateOf } from '../../container/image-template.js';
import { requireContainer, writeContainer } from '../../container/record.js';
import { type Which, withContainer } from './which.js';

/** What an image that is committed of a container now would say, beside its layers. */
export function imageTemplate(options: Which): Promise<ImageTemplate> {
  return withContainer(options, async (_, record) => templateOf(record));
}

/**
 * Changes what images that are committed of a container from now on say: config, platform, annotations, history. The
 * container itself stays as it was made.
 *
 * @param options.edit gives the new template; it must not change the old one
 */
export function configure(
  options: Which & { edit(template: ImageTemplate): ImageTemplate },
): Promise<ImageTemplate> {
  return withContainer(options, ({ store }, { id }) =>
    store.withLock(`container-${id}`, async () => {
      const record = await requireContainer(store, id);
      const template = options.edit(templateOf(record));
      await writeContainer(store, { ...record, template });
      return template;
    }),
  );
}
