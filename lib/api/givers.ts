import { Agents } from '../build/agents.js';
import type { BuildOptions } from '../build/options.js';
import { remoteAccess } from '../build/remote-access.js';
import { secretReader } from '../build/secrets.js';
import type { BuildSession } from '../build/session.js';
import { type BuildContext, openContext } from '../context/index.js';
import type { House } from './house.js';

/** What the caller of one build gives it: contexts, secrets, agents. */
export interface Givers extends Pick<BuildSession, 'secret' | 'agent'> {
  /** the main context */
  mainContext(): Promise<BuildContext>;
  /** a named context */
  openContext(spec: string): Promise<BuildContext>;
  /** closes the contexts that were opened, ends the agents that were started */
  close(): Promise<void>;
}

/** Opens, reads and starts nothing before it is asked for. */
export function giversOf(house: House, options: BuildOptions, signal?: AbortSignal): Givers {
  const agents = new Agents(options.ssh ?? []);
  const secret = secretReader(options.secrets ?? []);
  const agent = (id: string) => agents.socket(id);
  // a repository that the person names, not a Dockerfile, is fetched with the person's own agent, as in docker
  const own = async (id: string) => (await agent(id)) ?? (process.env.SSH_AUTH_SOCK || undefined);
  const access = remoteAccess({ secret, agent: own });
  const opened: BuildContext[] = [];
  const open = async (spec: string, main: { dockerfile?: string; stdin?: NodeJS.ReadableStream } = {}) => {
    const scratch = await house.store.scratch('context');
    const engine = await house.engine();
    const context = await openContext(spec, { engine, scratch, signal, access, ...main });
    opened.push(context);
    return context;
  };
  return {
    secret,
    agent,
    mainContext: () => open(options.context, { dockerfile: options.file, stdin: options.stdin }),
    openContext: spec => open(spec),
    close: async () => {
      await agents.close();
      for (const context of opened) await context.close();
    },
  };
}
