// A person at a real terminal: what keys, sizes and colours do in a container, in bash on Debian.
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { debianWorld, missingForDebian } from '../fixtures/e2e/debian.js';
import { Terminal } from '../fixtures/e2e/terminal.js';
import { WORLDS } from '../fixtures/e2e/worlds.js';

for (const spec of [WORLDS[0], WORLDS[3]].flatMap(each => each ?? [])) {
  t.test(`a terminal: ${spec.who}`, { skip: missingForDebian() ?? false, timeout: 120_000 }, async t => {
    const world = await debianWorld(spec, 'debian');
    const terminal = new Terminal(world);
    t.teardown(async () => {
      terminal.close();
      await world.close();
    });

    await t.test('size, job control, interrupts, colours', async t => {
      terminal.start('shale run -it --name box debian bash');
      await terminal.until(/root@\w+:\/# $/m);
      terminal.type('tty; stty size; echo $TERM\n');
      await terminal.until(/^\/dev\/pts\/0\n30 100\nxterm$/m);
      terminal.resize(90, 40);
      terminal.type('clear; stty size\n');
      await terminal.until(/^40 90$/m);
      terminal.type('sleep 100\n');
      await sleep(300);
      terminal.press('C-z');
      await terminal.until(/Stopped +sleep 100/);
      terminal.type('clear; jobs; bg; jobs\n');
      await terminal.until(/Stopped +sleep 100\n.*sleep 100 &\n.*Running +sleep 100/);
      terminal.type('fg\n');
      await sleep(200);
      terminal.press('C-c');
      terminal.type('echo code-$?\n');
      await terminal.until(/^code-130$/m);
      terminal.type('clear; ls --color=always -d /etc\n');
      await terminal.until(/^\/etc$/m);
      t.match(terminal.screen(true), '\u001b[1m\u001b[34m/etc', 'blue');
      terminal.type("trap 'echo resized-$(stty size)' WINCH; echo set-$((1+1))\n");
      await terminal.until(/^set-2$/m);
      terminal.resize(91, 41);
      await terminal.until(/resized-41 91$/m);
    });

    await t.test('leaving and coming back', async t => {
      terminal.press('C-p', 'C-q');
      t.match(await terminal.ended(), { code: 0, text: /read escape sequence\n$/ });
      t.equal((await terminal.line("shale ps --format '{{.Names}} {{.State}}'")).text, 'box running\n');
      terminal.start('shale attach --detach-keys ctrl-x,x box');
      await terminal.wake(/root@\w+:\/# $/m);
      terminal.press('C-x', 'C-p', 'C-q', 'C-x', 'x');
      t.match(await terminal.ended(), { code: 0, text: /read escape sequence\n$/ });
      terminal.start('shale attach box');
      await terminal.wake(/root@\w+:\/# $/m);
      terminal.press('C-c');
      await terminal.until(/\^C\s+root@\w+:\/# $/m);
      terminal.type('echo back-$((1+1))\n');
      await terminal.until(/^back-2$/m);
      terminal.type('exit 7\n');
      t.equal((await terminal.ended()).code, 7);
    });

    await t.test('the terminal is as it was', async t => {
      t.match(await terminal.line('stty -a'), { text: /\bisig icanon iexten echo\b/ });
    });
    t.equal((await terminal.line('shale rm box')).code, 0);
    terminal.close();
    t.same(await world.close(), [], 'nothing is left');
  });
}
