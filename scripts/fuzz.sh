#!/usr/bin/env bash
# Lets libFuzzer at the C core's tar reader for SHALE_FUZZ_SECONDS (default 60), beginning with tars that GNU tar makes.
# A crash ends with 1, and its input lies in the directory that is named.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${SHALE_FUZZ_SECONDS:-60}
if ! command -v clang >/dev/null; then
  echo "SKIPPED scripts/fuzz.sh: no clang (scripts/setup.sh test)"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

clang -std=gnu11 -g -O1 -D_GNU_SOURCE -Wall -Wextra -Werror -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
  -Inative/core test/native/tar_fuzz.c native/core/*.c -o "$work/tar_fuzz"

# A tree with what the reader tells apart: long names, links, attributes, whiteouts, holes.
tree=$work/tree
long=$(printf 'n%.0s' {1..120})
mkdir -p "$tree/$long/$long" "$work/corpus"
printf content >"$tree/$long/$long/$long"
ln -s "$long/$long/$long" "$tree/link"
ln "$tree/$long/$long/$long" "$tree/hard"
mkfifo "$tree/fifo"
touch "$tree/.wh.gone" "$tree/$long/.wh..wh..opq" -d @-1.5
setfattr -n user.key -v value "$tree/$long" || true
truncate -s 3000 "$tree/hole"
for format in v7 oldgnu gnu ustar pax; do
  for first in 0 1; do
    # Some formats cannot hold every entry: what they can hold is a seed as well.
    { printf %b "\\x0$first"; tar -C "$tree" --format=$format --xattrs --sparse -cf - . 2>/dev/null || true; } >"$work/corpus/$format-$first"
  done
done
cat >"$work/words" <<'WORDS'
"ustar\x0000"
"ustar  \x00"
"SCHILY.xattr.user.x="
"GNU.sparse.major=1"
" path="
" linkpath="
" size="
" mtime="
".wh..wh..opq"
"../"
WORDS

mkdir -p build/fuzz
"$work/tar_fuzz" -max_total_time="$seconds" -max_len=20000 -timeout=10 -dict="$work/words" -print_final_stats=1 \
  -artifact_prefix=build/fuzz/ "$work/corpus" >"$work/log" 2>&1 || {
  tail -n 40 "$work/log"
  echo "FAILED scripts/fuzz.sh: the input lies in build/fuzz"
  exit 1
}
grep -E 'number_of_executed_units' "$work/log" | sed 's/^stat::/fuzz: tar reader:/'
grep -E 'cov:' "$work/log" | tail -n 1 | sed 's/^/fuzz: /'
