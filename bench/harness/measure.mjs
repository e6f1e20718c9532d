// The npm package `benchmark`, wrapped: it times, we interleave the subjects (so that a noisy minute hits all of
// them alike), take medians, and give MB/s and the ratio to the first peer.
import Benchmark from 'benchmark';

/**
 * @typedef {object} Subject
 * @property {string} name
 * @property {boolean} [ours] Shale's own; the first that is not is the peer that ratios refer to
 * @property {() => void} [sync] a short piece of work that is repeated within one sample
 * @property {() => Promise<unknown>} [run] a long piece of work: one sample is one call
 * @property {() => Promise<number>} [measure] for what times itself: seconds
 * @property {() => unknown} [before] preparation that is not timed, before each sample
 * @property {() => Promise<number>} [peak] bytes of memory at the peak, measured in a run of its own
 */

/** One timed call of an asynchronous function. @returns {Promise<number>} seconds */
function timeOnce(run) {
  return new Promise((resolve, reject) => {
    let failure;
    const benchmark = new Benchmark({
      defer: true,
      // One call is one sample: the calls are long, and interleaved with those of others.
      minSamples: 1,
      initCount: 1,
      minTime: 1e-9,
      maxTime: 1e-9,
      fn: deferred =>
        void run().then(
          () => deferred.resolve(),
          error => {
            failure = error;
            deferred.resolve();
          },
        ),
      onComplete: () => (failure === undefined ? resolve(benchmark.stats.mean) : reject(failure)),
    });
    benchmark.run({ async: true });
  });
}

/** Repeats a synchronous function for about `seconds`. @returns {number} seconds per call */
function timeRepeated(sync, seconds) {
  const benchmark = new Benchmark({ fn: sync, minSamples: 3, minTime: seconds / 4, maxTime: seconds });
  benchmark.run();
  if (benchmark.error) throw benchmark.error;
  return benchmark.stats.mean;
}

async function sample(subject, seconds) {
  await subject.before?.();
  if (subject.sync) return timeRepeated(subject.sync, seconds);
  return subject.measure ? subject.measure() : timeOnce(subject.run);
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Runs the subjects in turns.
 * @param {{ input: string, bytes?: number, rounds: number, warmUp?: boolean, seconds?: number, peersPeak?: boolean, subjects: Subject[] }} work
 *   `bytes` that one call handles; `seconds` that a sample of a `sync` subject lasts; `peersPeak` false leaves out how much
 *   memory the others take
 */
export async function compare({
  input,
  bytes,
  rounds,
  warmUp = true,
  seconds = 0.15,
  peersPeak = true,
  subjects,
}) {
  const taken = subjects.map(() => []);
  const failed = new Map();
  for (let round = warmUp ? -1 : 0; round < rounds; round++) {
    for (const [i, subject] of subjects.entries()) {
      if (failed.has(i)) continue;
      try {
        const time = await sample(subject, seconds);
        if (round >= 0) taken[i].push(time);
      } catch (error) {
        failed.set(i, firstLines(error));
        console.error(`bench: ${input}: ${subject.name}: ${firstLines(error)}`);
      }
    }
  }
  const peaks = [];
  for (const [i, { peak, ours }] of subjects.entries()) {
    const skipped = failed.has(i) || !(ours || peersPeak);
    peaks.push(skipped ? undefined : await peak?.());
  }
  return row({ input, bytes, subjects, taken, failed, peaks });
}

function row({ input, bytes, subjects, taken, failed, peaks }) {
  const results = subjects.map(({ name, ours = false }, i) => {
    if (failed.has(i)) return { name, ours, failed: failed.get(i) };
    const time = median(taken[i]);
    return {
      name,
      ours,
      seconds: time,
      samples: taken[i],
      ...(bytes === undefined ? {} : { rate: bytes / time / 1e6 }),
      ...(peaks[i] === undefined ? {} : { peak: peaks[i] }),
    };
  });
  const peer = results.find(result => !result.ours && result.seconds !== undefined);
  for (const result of results) {
    if (peer !== undefined && result.seconds !== undefined) result.ratio = peer.seconds / result.seconds;
  }
  return { input, bytes, peer: peer?.name, results };
}

function firstLines(error) {
  return String(error?.message ?? error)
    .split('\n')
    .slice(0, 4)
    .join(' ');
}
