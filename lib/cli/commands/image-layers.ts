import { type ExaminedLayer, imageLayers as examine } from '../../api/look.js';
import type { Command } from '../command.js';
import { FORMAT_FLAG, printList, type Row } from '../listing.js';
import { ago, shortened, size } from '../table.js';

const TABLE =
  '{{.Number}}\t{{.ID}}\t{{.Size}}\t{{.Added}}\t{{.Changed}}\t{{.Removed}}\t{{.Wasted}}\t{{.CreatedBy}}';

const HEADERS = {
  Number: 'LAYER',
  ID: 'DIFF ID',
  Size: 'SIZE',
  Added: 'ADDED',
  Changed: 'CHANGED',
  Removed: 'REMOVED',
  Wasted: 'WASTED',
  CreatedBy: 'CREATED BY',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
};

export const imageLayers: Command = {
  name: 'image layers',
  summary: 'Show what each layer of an image adds, changes, removes and wastes',
  operands: 'IMAGE',
  arity: { min: 1, max: 1 },
  flags: [
    FORMAT_FLAG,
    { name: 'json', kind: 'bool', help: 'Print one JSON document with bytes and paths' },
    { name: 'no-trunc', kind: 'bool', help: "Don't truncate output" },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Only show diffIDs' },
  ],
  examples: ['shale image layers debian', "shale image layers --format '{{.Wasted}} {{.CreatedBy}}' me/app"],
  run: async ({ flags, operands, options }) => {
    const layers = await examine({ ...options, image: operands[0] ?? '' });
    if (flags.bool('json')) {
      const documents = layers.map(({ files, ...layer }) => ({
        ...layer,
        hidden: files.filter(file => file.hiddenBy !== undefined),
      }));
      process.stdout.write(`${JSON.stringify(documents, undefined, 2)}\n`);
      return 0;
    }
    const whole = flags.bool('no-trunc');
    const listing = { type: '*layers.layerContext', quiet: 'ID', headers: HEADERS, table: TABLE };
    return printList(
      flags,
      listing,
      layers.map((layer, at) => rowOf(layer, at, whole)),
    );
  },
};

function rowOf(layer: ExaminedLayer, at: number, whole: boolean): Row {
  return {
    Number: String(at + 1),
    ID: whole ? layer.diffId : layer.diffId.slice(7, 19),
    Size: size(layer.size),
    Added: String(layer.added.count),
    Changed: String(layer.changed.count),
    Removed: String(layer.removed.count),
    Wasted: size(layer.wasted),
    CreatedBy: whole ? layer.createdBy : shortened(layer.createdBy),
    CreatedSince: ago(layer.created),
    CreatedAt: layer.created,
  };
}
