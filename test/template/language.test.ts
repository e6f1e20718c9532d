import t from 'tap';
import {
  alignColumns,
  formatDuration,
  GoDuration,
  renderTable,
  renderTemplate,
} from '../../lib/template/index.js';

const DATA = {
  Name: 'web',
  Size: 12,
  Ratio: 0.5,
  Tags: ['a', 'b', 'c'],
  Labels: { z: '1', a: '2', 'x.y': '3' },
  Nested: { List: [{ K: 1 }, { K: 2 }] },
  Empty: [],
  Null: null,
  Yes: true,
  Label: (key: unknown) => `label ${key}`,
  Took: new GoDuration(90e9),
};

t.test('what the language gives', t => {
  const cases: [string, string][] = [
    ['{{.Name}}', 'web'],
    ['{{ .Name }} {{- " x" -}}   y', 'web xy'],
    ['a {{- /* comment */ -}} b{{/* c */}}c', 'abc'],
    ['{{.Tags}} {{.Labels}}', '[a b c] map[a:2 x.y:3 z:1]'],
    ['{{if .Yes}}y{{else}}n{{end}}{{if .Empty}}y{{else if .Name}}m{{else}}n{{end}}', 'ym'],
    ['{{range .Tags}}<{{.}}>{{end}}', '<a><b><c>'],
    ['{{range $i, $t := .Tags}}{{$i}}={{$t}} {{end}}', '0=a 1=b 2=c '],
    ['{{range $k, $v := .Labels}}{{$k}}:{{$v}};{{end}}', 'a:2;x.y:3;z:1;'],
    ['{{range .Empty}}x{{else}}none{{end}}{{range .Null}}x{{end}}', 'none'],
    ['{{range .Tags}}{{if eq . "b"}}{{continue}}{{end}}{{.}}{{end}}', 'ac'],
    ['{{range .Tags}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}', 'a'],
    ['{{range 3}}{{.}}{{end}}', '012'],
    [
      '{{with .Nested}}{{range .List}}{{.K}}{{$.Name}}{{end}}{{end}}{{with .Empty}}x{{else}}y{{end}}',
      '1web2weby',
    ],
    ['{{$x := 1}}{{if true}}{{$x = 2}}{{$x := 3}}{{end}}{{$x}}', '2'],
    ['{{(index .Nested.List 1).K}} {{index .Labels "x.y"}} {{index .Tags 0}}', '2 3 a'],
    ['{{len .Tags}} {{len .Name}} {{len .Labels}}', '3 3 3'],
    [
      '{{printf "%s-%05d-%.2f-%q-%v-%x" .Name .Size .Ratio .Name .Tags "hi"}}',
      'web-00012-0.50-"web"-[a b c]-6869',
    ],
    ['{{printf "%-6s|%6s|%+d|%t|%%" "a" "b" 3 true}}', 'a     |     b|+3|true|%'],
    ['{{printf "%d" "x"}} {{printf "%d"}} {{printf "x" 1}}', '%!d(string=x) %!d(MISSING) x%!(EXTRA int=1)'],
    ['{{print 1 2 "a" "b" 3}} {{println "a" 1}}', '1 2a b3 a 1\n'.replace('a b', 'ab')],
    [
      '{{eq .Name "x" "web"}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt "b" "a"}} {{ge 1 2}}',
      'true true true true true false',
    ],
    ['{{and 1 0 (index .Tags 9)}} {{or 0 "x" (index .Tags 9)}} {{not true}}', '0 x false'],
    [
      '{{.Name | upper | printf "%s!"}} {{lower "ABC"}} {{title "hello big world"}}',
      'WEB! abc Hello Big World',
    ],
    [
      '{{join .Tags ", "}} {{split "a:b" ":"}} {{json .Tags}} {{json .Labels}}',
      'a, b, c [a b] ["a","b","c"] {"a":"2","x.y":"3","z":"1"}',
    ],
    ['{{pad "x" 1 2}}| {{pad "" 1 2}}| {{truncate "hello" 3}} {{truncate "hi" 3}}', ' x  | | hel hi'],
    [
      '{{json "<a&b>"}} {{html "<a>"}} {{js "it\'s"}} {{urlquery "a b&c"}}',
      '"<a&b>" &lt;a&gt; it\\\'s a+b%26c',
    ],
    ['{{define "T"}}[{{.}}]{{end}}{{template "T" .Name}}{{block "B" .Size}}({{.}}){{end}}', '[web](12)'],
    [
      '{{"q\\t\\x41\\u00e9"}} {{`raw\\n`}} {{\'a\'}} {{0x10}} {{1_000}} {{1.5}} {{nil | print}}'.replace(
        ' {{nil | print}}',
        '',
      ),
      'q\tA\u00e9 raw\\n 97 16 1000 1.5',
    ],
    ['{{.Label "k"}} {{"k" | .Label}}', 'label k label k'],
    ['{{slice "abcdef" 1 3}} {{slice .Tags 1}}', 'bc [b c]'],
    ['{{.Took}} {{json .Took}}', '1m30s 90000000000'],
    ['{{.Null}}', '<no value>'],
    ['{{true}} {{.Yes}} {{-5}} {{.Ratio}}', 'true true -5 0.5'],
  ];
  for (const [template, want] of cases) t.equal(renderTemplate(template, DATA), want, template);
  t.end();
});

t.test("what is wrong is said in Go's words", t => {
  const cases: [string, string][] = [
    ['{{', ':1: unclosed action'],
    ['{{.A', ':1: unclosed action'],
    ['{{}}', ':1: missing value for command'],
    ['{{if}}x{{end}}', ':1: missing value for if'],
    ['{{if .A}}', ':1: unexpected EOF'],
    ['{{end}}', ':1: unexpected {{end}}'],
    ['x\n{{else}}', ':2: unexpected {{else}}'],
    ['{{nope}}', ':1: function "nope" not defined'],
    ['{{$x}}', ':1: undefined variable "$x"'],
    ['{{"a}}', ':1: unterminated quoted string'],
    ['{{(.A}}', ':1: unclosed left paren'],
    ['{{.A)}}', ':1: unexpected right paren'],
    ['{{.A | 3}}', ':1: non executable command in pipeline stage 2'],
    ['{{/* x}}', ':1: unclosed comment'],
    ['{{break}}', ':1: {{break}} outside {{range}}'],
    ['{{3x}}', ':1: bad number syntax: "3x"'],
    ['{{.Nope}}', ':1:2: executing "" at <.Nope>: map has no entry for key "Nope"'],
    ['{{.Name.X}}', ':1:7: executing "" at <.Name.X>: can\'t evaluate field X in type string'],
    ['{{.Null.X}}', ':1:7: executing "" at <.Null.X>: nil data; no entry for key "X"'],
    ['{{index .Tags 9}}', ':1:2: executing "" at <index>: error calling index: index out of range: 9'],
    ['{{range .Name}}{{end}}', ':1:8: executing "" at <.Name>: range can\'t iterate over web'],
    ['{{template "T"}}', ':1:2: executing "" at <{{template "T"}}>: template "T" not defined'],
    ['{{lt 1 "a"}}', ':1:2: executing "" at <lt>: error calling lt: incompatible types for comparison'],
    [
      '{{define "T"}}{{template "T"}}{{end}}{{template "T"}}',
      ':1:16: executing "" at <{{template "T"}}>: exceeded maximum template depth',
    ],
  ];
  for (const [template, want] of cases) {
    t.throws(
      () => renderTemplate(template, DATA),
      { message: `template parsing error: template: ${want}` },
      template,
    );
  }
  t.equal(renderTemplate('{{.Nope}}', {}, { missingKey: 'default' }), '<no value>');
  t.throws(
    () => renderTemplate('{{.constructor}}', {}),
    { code: 'USAGE_TEMPLATE_FIELD' },
    'nothing of JavaScript shows',
  );
  t.throws(() => renderTemplate('{{.length}}', { a: [] }.a), { code: 'USAGE_TEMPLATE_FIELD' });
  t.end();
});

t.test('tables', t => {
  const rows = [
    { ID: 'abc', Name: 'a-name-of-some-length' },
    { ID: 'def', Name: 'b' },
  ];
  const headers = { ID: 'IMAGE ID', Name: 'NAME' };
  t.equal(
    renderTable('table {{.Name}}\\t{{.ID}}', rows, headers),
    'NAME                    IMAGE ID\na-name-of-some-length   abc\nb                       def\n',
  );
  t.equal(renderTable('{{.ID}}:{{.Name}}', rows, headers), 'abc:a-name-of-some-length\ndef:b\n');
  t.equal(renderTable('table {{upper .ID}}', rows, headers), 'IMAGE ID\nABC\nDEF\n');
  t.equal(renderTable('table {{.ID}}', [], headers), 'IMAGE ID\n');
  t.equal(
    alignColumns('a\tb\tc\nlonger-than-ten\tx\ty'),
    'a                 b         c\nlonger-than-ten   x         y',
  );
  t.end();
});

t.test('durations', t => {
  for (const [nanoseconds, want] of [
    [0, '0s'],
    [5e9, '5s'],
    [1500e6, '1.5s'],
    [3661e9, '1h1m1s'],
    [120e9, '2m0s'],
    [1e6, '1ms'],
    [-2e9, '-2s'],
  ] as const) {
    t.equal(formatDuration(nanoseconds), want);
  }
  t.end();
});

t.test('mutated templates raise only errors of ours', t => {
  const seeds = [
    '{{range $i, $t := .Tags}}{{if eq $t "b"}}x{{else}}{{printf "%5.2f" .}}{{end}}{{end}}',
    '{{with (index .Nested.List 0)}}{{.K | json}}{{end}}{{/* c */ -}} {{- "a" }}',
  ];
  const pieces = [
    '{{',
    '}}',
    '|',
    '"',
    '$',
    '.',
    '(',
    ')',
    ' ',
    '-',
    '%',
    ':=',
    ',',
    '\\',
    '`',
    "'",
    '0',
    'e',
    '\u00e9',
  ];
  let state = 7;
  const pick = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let round = 0; round < 5000; round++) {
    let text = seeds[pick(seeds.length)] ?? '';
    for (let count = 1 + pick(4); count > 0; count--) {
      const at = pick(text.length + 1);
      text =
        text.slice(0, at) + (pick(2) ? (pieces[pick(pieces.length)] ?? '') : '') + text.slice(at + pick(3));
    }
    try {
      renderTemplate(text, DATA);
    } catch (error) {
      if (!/^USAGE_TEMPLATE/.test(String((error as { code?: string }).code))) {
        t.fail(`${text}: ${error instanceof Error ? error.stack : error}`);
        break;
      }
    }
  }
  t.end();
});
