import t from 'tap';
import { encodeJson, parseImageConfig } from '../../lib/oci/index.js';

const diffId = `sha256:${'2'.repeat(64)}`;
const rootfs = { type: 'layers', diff_ids: [diffId] };
const base = { os: 'linux', architecture: 'amd64', rootfs };

function parse(value: unknown) {
  return parseImageConfig(Buffer.from(JSON.stringify(value)));
}

t.test('fields, unknown fields, and what Go writes as null', async t => {
  const config = parse({
    ...base,
    docker_version: '20.10',
    config: {
      Env: ['A=1', 'B='],
      Cmd: ['sh'],
      Entrypoint: null,
      Labels: { a: 'b' },
      Volumes: null,
      ExposedPorts: { '80/tcp': {} },
      Custom: 1,
    },
    history: [{ created_by: 'x', empty_layer: true }, { created: '2024-01-01T00:00:00Z' }],
  });
  t.match(config, { ...base, docker_version: '20.10' });
  t.match(config.config, { Env: ['A=1', 'B='], Labels: { a: 'b' }, Custom: 1 });
  t.notOk('Volumes' in (config.config ?? {}));
  t.equal(config.history?.[0]?.empty_layer, true);
  t.same(parse({ ...base, rootfs: { type: 'layers', diff_ids: null } }).rootfs.diff_ids, []);
  t.match(parse({ rootfs }), { os: '', architecture: '' });
});

t.test('what is refused', async t => {
  const wrong: [string, unknown, RegExp][] = [
    ['no rootfs', { os: 'linux' }, /rootfs is not an object/],
    ['rootfs type', { ...base, rootfs: { type: 'x' } }, /rootfs\.type/],
    ['diff id', { ...base, rootfs: { type: 'layers', diff_ids: ['sha256:x'] } }, /diff_ids\[0\]/],
    ['env', { ...base, config: { Env: ['A'] } }, /KEY=VALUE/],
    ['empty key', { ...base, config: { Env: ['=A'] } }, /KEY=VALUE/],
    ['cmd', { ...base, config: { Cmd: 'sh' } }, /config\.Cmd is not a list/],
    ['label', { ...base, config: { Labels: { a: 1 } } }, /config\.Labels\["a"\]/],
    ['user', { ...base, config: { User: 0 } }, /config\.User/],
    ['history', { ...base, history: [{ empty_layer: 'yes' }] }, /empty_layer/],
  ];
  for (const [name, value, message] of wrong)
    t.throws(() => parse(value), { code: 'OCI_CONFIG_INVALID', message }, name);
});

t.test('what we write does not depend on the order of keys', async t => {
  const text = Buffer.from(encodeJson({ b: [1, { d: 'é<', c: undefined }], a: null })).toString();
  t.equal(text, '{"a":null,"b":[1,{"d":"é<"}]}');
  t.same(encodeJson({ x: 1, y: 2 }), encodeJson({ y: 2, x: 1 }));
  for (const value of [Number.NaN, 2 ** 60, () => 1]) {
    t.throws(() => encodeJson({ value }), { code: 'OCI_JSON_INVALID' });
  }
});
