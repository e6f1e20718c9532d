import { eachWorld } from '../fixtures/e2e/each-world.js';
import { ended, type Result, WORLDS } from '../fixtures/e2e/worlds.js';

interface Case {
  what: string;
  dockerfile?: string;
  args?: string[];
  code?: number;
  stderr: RegExp[];
}

const CASES: Case[] = [
  {
    what: 'a step that fails',
    dockerfile: 'FROM busybox\nRUN echo some output; exit 7\n',
    stderr: [/>>> RUN echo some output; exit 7/, /exit code: 7/, /some output/],
  },
  {
    what: 'an unknown instruction',
    dockerfile: 'FROM busybox\nRUM true\n',
    stderr: [/unknown instruction: RUM/i, /did you mean/i, />>> RUM true/],
  },
  {
    what: 'no such file',
    dockerfile: 'FROM busybox\nCOPY nope.txt /\n',
    stderr: [/nope\.txt.*not found/, />>> COPY nope\.txt/],
  },
  {
    what: 'a bad reference',
    dockerfile: 'FROM Not/A/Ref!\n',
    stderr: [/invalid reference format|must be lowercase/, />>> FROM/],
  },
  {
    what: 'no such stage',
    dockerfile: 'FROM busybox\n',
    args: ['--target', 'nope'],
    stderr: [/target stage "nope" could not be found/],
  },
  { what: 'an empty Dockerfile', dockerfile: '', stderr: [/no instructions/] },
  {
    what: 'a registry that is down',
    dockerfile: 'FROM 127.0.0.1:1/none\n',
    stderr: [/127\.0\.0\.1:1/, /connect/i],
  },
  {
    what: 'an unknown flag',
    args: ['--nope'],
    code: 125,
    stderr: [/unknown flag: --nope/, /See 'shale build --help'/],
  },
  {
    what: 'an unknown user',
    dockerfile: 'FROM busybox\nCOPY --chown=nobody Dockerfile /\n',
    stderr: [/unable to find user nobody/],
  },
  {
    what: 'a file where a directory must be',
    dockerfile: 'FROM busybox\nRUN touch /f\nCOPY Dockerfile /f/\n',
    stderr: [/\/f/],
  },
];

eachWorld(WORLDS.slice(0, 1), 'bad input: one clear error, a code, an untouched store', async (t, world) => {
  const before = (await world.ok(['images', '-q'])).stdout;
  for (const { what, dockerfile, args = [], code = 1, stderr } of CASES) {
    const context = world.files('context', { Dockerfile: dockerfile ?? 'FROM busybox\n' });
    const result = await world.shale(['build', '--progress', 'plain', ...args, context]);
    t.equal(result.code, code, what);
    for (const pattern of stderr) t.match(result.stderr, pattern, `${what}: ${pattern}`);
    t.notMatch(result.stderr, /at .*\.js:\d+/, `${what}: no stack trace`);
    t.equal(result.stdout, '', `${what}: nothing on standard output`);
  }
  t.equal((await world.ok(['images', '-q'])).stdout, before);
  t.match((await world.ok(['fsck'])).stdout, /0 damaged/);
});

eachWorld(WORLDS.slice(0, 1), 'commands that cannot do what was asked', async (t, world) => {
  const cases: [args: string[], code: number, stderr: RegExp][] = [
    [['frobnicate'], 1, /'frobnicate' is not a shale command/],
    [['image', 'inspect', 'nothing'], 1, /No such image: nothing/],
    [['rmi', 'nothing'], 1, /No such image: nothing/],
    [['tag', 'busybox', 'Bad Name'], 1, /invalid reference format|must be lowercase/],
    [['build', '/does/not/exist'], 1, /\/does\/not\/exist/],
    [['load', '-i', '/etc/passwd'], 1, /archive|tar/],
    [['run', '--rm', 'busybox', '/no/such/program'], 127, /no such program|not found|No such file/i],
    [['run', '--rm', 'busybox', '/etc/passwd'], 126, /[Pp]ermission denied/],
    [['run', '--rm', '--nope', 'busybox'], 125, /unknown flag/],
    [['run', '--rm', 'busybox', 'sh', '-c', 'exit 42'], 42, /^$/],
    [['run', '--rm', 'busybox', 'sh', '-c', 'sleep 9 & kill -9 $!; wait $!'], 137, /^(sh: )?(Killed|)$/m],
  ];
  for (const [args, code, stderr] of cases) {
    const result = await world.shale(args);
    t.equal(result.code, code, args.join(' '));
    t.match(result.stderr, stderr, args.join(' '));
  }
});

eachWorld(
  WORLDS.slice(0, 1),
  'where user namespaces are forbidden: RUN says so, COPY builds all the same',
  async (t, world) => {
    const forbidden = async (context: string): Promise<Result> => {
      const line = world.commandLine(['build', '-t', 'built', '--progress', 'plain', context]);
      const shale = line.slice(line.indexOf('env')).join(' ');
      return ended(
        world.command([
          'unshare',
          '-Ur',
          'sh',
          '-c',
          `echo 0 > /proc/sys/user/max_user_namespaces && ${shale}`,
        ]),
      );
    };
    const run = await forbidden(world.files('run', { Dockerfile: 'FROM busybox\nRUN true\n' }));
    t.equal(run.code, 1);
    t.match(run.stderr, /namespace/i);
    t.match(run.stderr, /max_user_namespaces|sysctl/, 'and what to do');
    const copy = await forbidden(
      world.files('copy', { Dockerfile: 'FROM busybox\nENV A=1\nCOPY Dockerfile /d\nWORKDIR /w\n' }),
    );
    t.equal(copy.code, 0, copy.stderr);
  },
);
