import t from 'tap';
import { ago, size, sumSize } from '../../lib/cli/table.js';

t.test("how long ago, as docker's go-units says it", async t => {
  const MINUTE = 60;
  const HOUR = 60 * MINUTE;
  const DAY = 24 * HOUR;
  const cases: [seconds: number, text: string][] = [
    [0.5, 'Less than a second ago'],
    [1, '1 second ago'],
    [59, '59 seconds ago'],
    [MINUTE, 'About a minute ago'],
    [2 * MINUTE, '2 minutes ago'],
    [HOUR - 1, '59 minutes ago'],
    [HOUR + 29 * MINUTE, 'About an hour ago'],
    [HOUR + 31 * MINUTE, '2 hours ago'],
    [47 * HOUR, '47 hours ago'],
    [2 * DAY, '2 days ago'],
    [13 * DAY, '13 days ago'],
    [2 * 7 * DAY, '2 weeks ago'],
    [59 * DAY, '8 weeks ago'],
    [60 * DAY, '2 months ago'],
    [729 * DAY, '24 months ago'],
    [2 * 365 * DAY, '2 years ago'],
  ];
  const now = Date.parse('2026-01-31T12:00:00Z');
  for (const [seconds, text] of cases)
    t.equal(ago(new Date(now - seconds * 1000).toISOString(), now), text, `${seconds} s`);
  t.equal(ago('', now), 'N/A');
});

t.test('sizes have three digits, sums four', async t => {
  t.equal(size(116_447_864), '116MB');
  t.equal(sumSize(116_447_864), '116.4MB');
  t.equal(size(0), '0B');
  t.equal(sumSize(999), '999B');
});
