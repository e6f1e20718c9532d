import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { Locks } from '../../lib/store/locks.js';

t.test('a lock whose file was deleted has one holder at a time', async t => {
  const directory = t.testdir();
  let holders = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++holders);
    await sleep(1);
    holders--;
  };
  // Again and again, so that some open the file that others are about to delete.
  const locks = new Locks(directory);
  const again = async (_: unknown, i: number) => {
    for (let round = 0; round < 8; round++)
      await (i % 3 === 0 ? locks.withLast('thing', work) : locks.with('thing', work));
  };
  await Promise.all(Array.from({ length: 12 }, again));
  t.equal(most, 1);
  await new Locks(directory).withLast('thing', async () => {});
  t.same(readdirSync(directory), [], 'and leaves nothing');
});

t.test('what failed may be tried again: its lock stays', async t => {
  const directory = t.testdir();
  const locks = new Locks(directory);
  await t.rejects(
    locks.withLast('thing', async () => {
      throw new Error('busy');
    }),
    { message: 'busy' },
  );
  t.same(readdirSync(directory), ['thing']);
  t.equal(await locks.tryWith('thing', async () => 'free'), 'free');
});
