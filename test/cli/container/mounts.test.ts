import t from 'tap';
import { parseMount } from '../../../lib/cli/container/mount-flag.js';
import { parseTmpfs } from '../../../lib/cli/container/tmpfs-flag.js';
import { parseVolume } from '../../../lib/cli/container/volume-flag.js';

t.test('-v: a path, a name, or nothing', async t => {
  t.same(parseVolume('/data'), { type: 'volume', target: '/data', short: '' });
  t.match(parseVolume('name:/data'), { type: 'volume', source: 'name', readonly: false, noCopy: undefined });
  t.match(parseVolume('name:/data:ro,nocopy'), { readonly: true, noCopy: true, short: 'ro,nocopy' });
  t.match(parseVolume('/a:/b'), { type: 'bind', source: '/a', target: '/b', createSource: true, short: '' });
  t.match(parseVolume('./a:/b:z'), { type: 'bind', source: `${process.cwd()}/a`, short: 'z' });
  t.match(parseVolume('..:/b'), { type: 'bind', source: /^\// });
  t.match(parseVolume('.hidden:/b'), { type: 'volume', source: '.hidden' }, 'the store refuses that name');
});

t.test('-v: mistakes', async t => {
  for (const text of ['', ':', '/a:', ':/b', '/a:/b:ro:z', '/a:/b:'])
    t.throws(() => parseVolume(text), { code: 'USAGE_FLAG_VALUE', message: 'invalid volume specification' });
  for (const mode of ['foo', 'ro,rw', 'z,Z', 'ro,ro', 'nocopy', 'U', 'shared', 'rslave'])
    t.throws(() => parseVolume(`/a:/b:${mode}`), { message: `invalid mode: ${mode}` });
});

t.test('--mount: every type', async t => {
  t.match(parseMount('type=bind,source=/a,target=/b,readonly'), {
    type: 'bind',
    source: '/a',
    readonly: true,
  });
  t.match(parseMount('type=bind,src=.,dst=/b,ro=false'), { source: process.cwd(), readonly: undefined });
  t.match(parseMount('type=bind,src=/a,dst=/b,bind-propagation=rprivate,bind-recursive=readonly'), {
    createSource: undefined,
    short: undefined,
  });
  t.match(parseMount('dst=/b'), { type: 'volume', source: undefined, target: '/b' });
  t.match(
    parseMount('src=v,destination=/b,volume-nocopy,volume-label=a=b,volume-label=c=d,volume-subpath=x'),
    {
      source: 'v',
      noCopy: true,
      labels: { a: 'b', c: 'd' },
      subpath: 'x',
    },
  );
  t.match(parseMount('type=tmpfs,dst=/b,tmpfs-size=1m,tmpfs-mode=1700'), {
    type: 'tmpfs',
    size: 1 << 20,
    mode: 0o1700,
    noexec: true,
  });
  t.match(parseMount('"type=bind","src=/a,b",dst=/b'), { source: '/a,b' }, 'a field in quotes');
});

t.test('--mount: mistakes, with the whole argument', async t => {
  const cases: [text: string, message: string][] = [
    ['type=bind,src=/a', 'target is required'],
    ['type=bind,src=/a,dst=/b,x', "invalid field 'x' must be a key=value pair"],
    ['type=bind,src=/a,dst=/b,x=1', "unexpected key 'x' in 'x=1'"],
    ['type=bind,src=/a,dst=/b,readonly=no', 'invalid value for readonly: no'],
    ['type=bind,src=/a,dst=/b,tmpfs-size=1', "cannot mix 'tmpfs-*' options with mount type 'bind'"],
    ['type=tmpfs,dst=/b,tmpfs-size=x', 'invalid value for tmpfs-size: x'],
    ['type=tmpfs,dst=/b,tmpfs-mode=9', 'invalid value for tmpfs-mode: 9'],
    ['type=bind,src=/a,dst=/b,bind-propagation=shared', 'invalid propagation value: shared'],
    ['dst=/b,volume-driver=nfs', 'volume driver "nfs" not found'],
    ['type=bind,"src=/a,dst=/b', 'unclosed "'],
  ];
  for (const [text, message] of cases) {
    t.throws(
      () => parseMount(text),
      { code: 'USAGE_FLAG_VALUE', message: `invalid argument "${text}" for "--mount" flag: ` },
      text,
    );
    t.throws(() => parseMount(text), { message }, text);
  }
  t.throws(() => parseMount('type=x,dst=/b'), {
    message: 'invalid mount config for type "x": mount type unknown',
  });
  t.throws(() => parseMount('type=bind,dst=/b'), { message: 'field Source must not be empty' });
  t.throws(() => parseMount('type=bind,src=a,dst=/b'), { message: "invalid mount path: 'a'" });
  t.throws(() => parseMount('type=tmpfs,src=a,dst=/b'), { message: 'field Source must not be specified' });
});

t.test('--tmpfs: its options', async t => {
  t.same(parseTmpfs('/t'), { type: 'tmpfs', target: '/t', noexec: true, short: '' });
  t.match(parseTmpfs('/t:size=64k,mode=0700,uid=1,gid=2,nr_inodes=1k,exec,dev,suid,ro,noatime'), {
    ...{ size: 65_536, mode: 0o700, uid: 1, gid: 2, inodes: 1024 },
    ...{ noexec: false, devices: true, suid: true, readonly: true },
  });
  for (const option of ['size=x', 'mode=8', 'mode=77777', 'uid=-1', 'what', 'what=1', ''])
    t.throws(() => parseTmpfs(`/t:rw,${option}`), { message: `invalid tmpfs option ["${option}"]` });
});
