interface Refusal {
  why: string;
  instead?: string;
}

const SWARM: Refusal = { why: 'it is for clusters, and there is no daemon to be a part of one' };

/** Commands of docker's and its neighbours' that mean nothing here, and what does the same. */
const REFUSED: Readonly<Record<string, Refusal>> = {
  network: {
    why: 'a container has a network of its own, or that of another',
    instead: '--network bridge, host, none or container:NAME of run',
  },
  search: { why: "it asks Docker Hub's website, and no registry" },
  events: {
    why: 'there is no daemon that could tell of any',
    instead: 'ps, wait and logs -f show what happens',
  },
  'system events': { why: 'there is no daemon that could tell of any' },
  context: { why: 'there is no daemon to choose', instead: '--root chooses a store' },
  plugin: { why: 'there are no plugins' },
  trust: { why: 'signatures are not made or checked', instead: 'pull by digest' },
  checkpoint: { why: 'processes cannot be frozen to disk without root' },
  compose: { why: 'it is a program of its own' },
  swarm: SWARM,
  service: SWARM,
  stack: SWARM,
  node: SWARM,
  secret: { why: 'secrets are never stored', instead: '--secret id=NAME,src=FILE of run, create and build' },
  'buildx bake': { why: 'there are no build definition files', instead: 'build once for each target' },
  'buildx create': { why: 'there are no builders to choose: every build is this process' },
  'buildx use': { why: 'there are no builders to choose: every build is this process' },
  'buildx ls': { why: 'there are no builders to choose: every build is this process' },
  from: { why: 'a container of any image will do', instead: 'create, then mount or cp, config and commit' },
};

/** Why there is no such command, if it is one of another tool. */
export function refusalOf(words: readonly string[]): { message: string; hint?: string } | undefined {
  for (const name of [words.slice(0, 2).join(' '), words[0] ?? '']) {
    const refusal = Object.hasOwn(REFUSED, name) ? REFUSED[name] : undefined;
    if (refusal === undefined) continue;
    return { message: `'${name}' is not supported: ${refusal.why}`, hint: refusal.instead };
  }
  return undefined;
}
