import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { busyboxTar } from '../fixtures/e2e/busybox.js';
import { buildWithBuildah, judge, missingPeer } from '../fixtures/e2e/peers.js';
import { missingForE2e, WORLDS, World } from '../fixtures/e2e/worlds.js';

interface Case {
  title: string;
  dockerfile: string;
  args?: string[];
}

const BASE = 'FROM scratch AS base\nADD base.tar /\n';

/** What every buildah has, old and new: what it lacks or does otherwise than docker is tested elsewhere. */
const CASES: Case[] = [
  {
    title: 'COPY and ADD',
    dockerfile: `FROM base
COPY one /renamed
COPY one two /dir/
COPY sub /sub
COPY sub/. sub/nested /merged/
COPY *.t?t [o]ne /glob/
COPY ["with space", "one", "/quoted/"]
COPY --chown=app:extra --chmod=640 one /owned
COPY --chown=1234 sub /owned-tree
COPY --chown=app one /by-name
ADD tree.tar /unpacked/
ADD tree.tar.gz tree.tar.bz2 tree.tar.xz /packed/
ADD --chown=7:8 one /added
COPY link links /linked/
COPY suid /
`,
  },
  {
    title: 'variables, stages and ONBUILD',
    args: ['--build-arg', 'GIVEN=from-outside'],
    dockerfile: `FROM base AS first
ARG GIVEN=default OTHER
ARG WITH=\${GIVEN:-no}-\${OTHER:-yes}\${OTHER:+never}
ENV A=$WITH B="two words" C=a\\ b
ENV A=new D=$A
ENV legacy $A and "more"
ONBUILD COPY one /by-trigger
ONBUILD ENV TRIGGERED=$A
ONBUILD WORKDIR /triggered/deep
FROM first AS second
RUN echo "$A $B $C $D $legacy $TRIGGERED" > values; pwd >> values
COPY --from=first /etc/passwd copy-of-passwd
FROM second
COPY --from=2 /triggered /again
COPY --from=base /etc/group /etc/passwd /$D/
`,
  },
  {
    title: 'metadata',
    dockerfile: `FROM base
LABEL one=1 two="2 3" "three"=$PATH
LABEL legacy label text
EXPOSE 80 443/tcp 53/udp 8000
VOLUME /data /$PATH
VOLUME ["/json", "/with space"]
USER app:extra
WORKDIR /work
WORKDIR relative/./path
STOPSIGNAL SIGUSR1
ENTRYPOINT ["entry", "point"]
CMD shell $form
MAINTAINER somebody
`,
  },
  {
    title: 'RUN: shells, users, mounts, deletions, links',
    args: ['--secret', 'id=secret,src=SECRET'],
    dockerfile: `FROM base AS made
RUN mkdir -p /out/deep && echo made > /out/deep/file
FROM base
RUN ["sh", "-c", "echo exec > /exec"]
SHELL ["/bin/sh", "-e", "-c"]
RUN echo shell > /shell; false || true
RUN rm /exec; mkdir /exec; touch /exec/now-a-directory
RUN echo x > /hard && ln /hard /hard2 && ln -s hard /soft && chmod 4755 /hard
RUN --mount=type=bind,from=made,source=/out,target=/in cp -r /in/deep /copied
RUN --mount=type=cache,target=/cache touch /cache/x
RUN --mount=type=tmpfs,target=/tmpfs touch /tmpfs/x
RUN --mount=type=secret,id=secret,target=/secret cat /secret | wc -c > /size
WORKDIR /home/app
USER app
RUN touch mine 2>/dev/null || id -u > /tmp/mine
`,
  },
];

/** Files of every kind that a context can hold. */
function fill(world: World): string {
  const context = world.files('context', {
    one: '1\n',
    two: '22\n',
    'a.txt': 'a',
    'b.text': 'b',
    'with space': 'spaced',
    'sub/nested/deep': 'deep',
    'sub/x!': '#!/bin/sh\n',
    'ignored.txt': 'ignored',
    'kept/ignored.txt': 'kept',
    '.dockerignore': '# comment\nignored.txt\n**/nothing\n',
    suid: 'suid',
    secret: 'hush',
    'base.tar': busyboxTar(),
  });
  const script = `
ln -s one link; mkdir links; ln -s ../one links/relative; ln -s /nowhere links/dangling; echo h > links/h1; ln links/h1 links/h2
chmod 4711 suid; chmod 700 sub/nested
mkdir tree; echo t > tree/t; ln -s t tree/l; chmod 600 tree/t; mkdir -m 1777 tree/sticky
tar --owner=5 --group=6 -cf tree.tar -C tree t l sticky
gzip -k tree.tar; bzip2 -k tree.tar; xz -k tree.tar; rm -r tree
`;
  execFileSync('sh', ['-ec', script], { cwd: context });
  execFileSync('chown', ['-hR', `${world.user}:`, context]);
  return context;
}

const missing = missingForE2e() ?? missingPeer();
const [person] = WORLDS;
const TITLE = 'the trees that buildah makes';
if (missing !== undefined || person === undefined) t.test(TITLE, { skip: missing }, async () => {});
else
  t.test(TITLE, async t => {
    const world = new World(person);
    t.teardown(() => world.close());
    const context = fill(world);
    for (const [at, { title, dockerfile, args = [] }] of CASES.entries()) {
      await t.test(title, async t => {
        world.files('files', { [`case${at}`]: BASE + dockerfile });
        const file = join(world.base, 'files', `case${at}`);
        const words = args.map(word => word.replace('SECRET', join(context, 'secret')));
        const scratch = join(world.base, `judged${at}`);
        const archive = join(world.base, `ours${at}.tar`);
        await world.ok(['build', '-f', file, ...words, '-o', `type=oci,dest=${archive}`, context]);
        const ours = judge(`oci-archive:${archive}`, join(scratch, 'ours'));
        const built = buildWithBuildah(scratch, context, ['-f', file, ...words]);
        const theirs = judge(built, join(scratch, 'theirs'));
        t.same(ours.tree, theirs.tree, 'the tree');
        t.same(ours.config, theirs.config, 'the config');
      });
    }
  });
