#!/usr/bin/env bash
# Builds the addon with AddressSanitizer and UndefinedBehaviorSanitizer and runs its tests on it.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp -d)
# Tests load the addon as other users, too.
chmod 755 "$out"
trap 'rm -rf "$out"' EXIT
export out

include=$(node -p "require('node:path').resolve(process.execPath, '../../include/node')")
export FLAGS="-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined -fPIC
  -Wall -Wextra -Werror -D_GNU_SOURCE -DNAPI_VERSION=9 -DNAPI_CPP_EXCEPTIONS -DNODE_ADDON_API_DISABLE_DEPRECATED
  -DBUILDING_NODE_EXTENSION -I$include -Inode_modules/node-addon-api -Inative/core"

compile() {
  case $1 in
    *.c) cc -std=gnu11 $FLAGS -c "$1" -o "$out/$(basename "$1").o" ;;
    *) c++ -std=c++17 $FLAGS -c "$1" -o "$out/$(basename "$1").o" ;;
  esac
}
export -f compile
printf '%s\n' native/addon/*.cc native/core/*.c | xargs -P "$(nproc)" -I{} bash -c 'compile {}'
mapfile -t libraries < <(node scripts/native-libs.mjs --libraries)
c++ -shared -fsanitize=address,undefined "$out"/*.o "${libraries[@]}" -o "$out/shale.node"

# Node itself leaks what it means to leak.
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1
export SHALE_ADDON="$out/shale.node"
preload="$(cc -print-file-name=libasan.so) $(cc -print-file-name=libubsan.so)"
status=0
LD_PRELOAD=$preload node node_modules/.bin/tap run --disable-coverage --reporter=tap --timeout=300 \
  test/layer/{write,apply,hostile,sha256}.test.ts test/util/os.test.ts >"$out/results.tap" || status=$?
echo "addon under sanitizers:"
node scripts/summary.mjs "$out/results.tap" || status=1
exit "$status"
