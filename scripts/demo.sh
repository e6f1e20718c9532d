#!/usr/bin/env bash
# Builds examples/git with nothing prepared, runs the image, and builds it again from the cache.
set -euo pipefail
cd "$(dirname "$0")/.."

bash scripts/setup.sh run
shale() { node bin/shale "$@"; }
say() { printf '\n\033[1m$ %s\033[0m\n' "$*" >&2; }
show() { say "$@"; "$@"; }
seconds() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(seconds)" 'BEGIN { printf "%.2f s", b - a }'; }

base=debian:bookworm
# A registry if one can be reached, else Debian's own packages.
if ! shale image inspect "$base" >/dev/null 2>&1 && ! timeout 60 node bin/shale pull "$base"; then
  say "mmdebstrap --variant=minbase bookworm - | shale import - $base"
  mmdebstrap --quiet --mode=auto --variant=minbase --include=ca-certificates bookworm - |
    shale import --change 'CMD ["bash"]' - "$base"
fi

start=$(seconds)
show shale build --no-cache -t demo/git examples/git
first=$(since "$start")
show shale run --rm demo/git
show shale images
show shale history demo/git
start=$(seconds)
show shale build -t demo/git examples/git
second=$(since "$start")
printf '\nbuilt in %s, from the cache in %s\n' "$first" "$second"
