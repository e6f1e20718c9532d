#!/usr/bin/env bash
# The whole suite: set-up, lint and floors, sanitizers and fuzzer on the native code, packaging, unit tests, end-to-end
# tests as three users, and a summary. Arguments are test files: then only they are run, without sanitizers and fuzzer.
set -euo pipefail
cd "$(dirname "$0")/.."

bash scripts/setup.sh test
npm run --silent lint

scratch=$(mktemp -d /var/tmp/shale-test-XXXXXX)
chmod 755 "$scratch"
trap 'rm -rf "$scratch"' EXIT

# Other users must be able to run what is tested, wherever this checkout lies.
bash scripts/stage.sh "$scratch/shale"
export SHALE_TEST_PREFIX="$scratch/shale" SHALE_TEST_SCRATCH="$scratch"

status=0
fuzzer=
if [ $# = 0 ]; then
  # The fuzzer takes one core and its minute, whatever else goes on; what is timed comes after it.
  bash scripts/fuzz.sh >"$scratch/fuzz.log" 2>&1 &
  fuzzer=$!
  bash scripts/sanitize.sh || { status=1; echo "FAILED scripts/sanitize.sh"; }
fi
bash scripts/package.sh "$scratch/packages" all || { status=1; echo "FAILED scripts/package.sh"; }
[ -z "$fuzzer" ] || { wait "$fuzzer" || status=1; cat "$scratch/fuzz.log"; }
npx tap --reporter=tap --disable-coverage "$@" >"$scratch/results.tap" 2>"$scratch/errors" || status=$?
cat "$scratch/errors" >&2
# What tap says of a test that it did not run it says here alone, and counts it nowhere.
! grep -q 'cannot create subtest' "$scratch/errors" || { status=1; echo "FAILED tests that began after their file's end"; }
# The summary's count is the last line: whoever watches CI reads it there.
node scripts/summary.mjs "$scratch/results.tap" || status=1
exit "$status"
