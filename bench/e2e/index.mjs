// Shale beside every builder of this machine: same contexts, same base, same registry, in turns.
import { join } from 'node:path';
import { compare } from '../harness/measure.mjs';
import { makeBase } from './base.mjs';
import { builders } from './peers.mjs';
import { startRegistry } from './registry.mjs';
import { scenarios } from './scenarios.mjs';

function subjectsOf(scenario, all) {
  return all.flatMap(builder => {
    const work = scenario.of(builder, all[0]);
    if (!work) return [];
    const name = builder.name + builder.isolation();
    return [{ name, ours: builder.ours, before: work.prepare, run: work.run }];
  });
}

/** A builder that does not even take the base is left out, and said so. */
async function loadBase(all, archive) {
  const able = [];
  for (const builder of all) {
    try {
      await builder.load(archive);
      able.push(builder);
    } catch (error) {
      console.error(`bench: ${builder.name} left out: ${error.message.split('\n')[0]}`);
    }
  }
  return able;
}

/** @param {{ quick: boolean, dir: string, buildRounds: number }} options */
export async function endToEnd({ quick, dir, buildRounds }) {
  const group = { id: 'builds', part: 'e2e', title: 'Builds, beside other builders', rows: [] };
  const registry = await startRegistry(dir);
  const base = registry && `${registry.host}/bench/base:1`;
  const archive = base && (await makeBase(dir, base));
  if (archive === undefined) {
    registry?.close();
    console.error('bench: builds are left out: they need docker-registry and a static busybox');
    return group;
  }
  const all = await loadBase(builders(dir), archive);
  try {
    await all[0].push(base);
    const work = scenarios({ dir, base, host: registry.host, quick });
    for (const builder of all) if (!builder.ours) await builder.probe(join(dir, 'trivial'));
    for (const scenario of work) {
      const rounds = buildRounds;
      const { title, warmUp = rounds > 1 } = scenario;
      group.rows.push(await compare({ input: title, rounds, warmUp, subjects: subjectsOf(scenario, all) }));
    }
  } finally {
    registry.close();
    for (const builder of all) builder.close();
  }
  return group;
}
