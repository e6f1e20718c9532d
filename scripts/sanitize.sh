#!/usr/bin/env bash
# Builds the C core and the addon with AddressSanitizer and UndefinedBehaviorSanitizer and runs their tests on them.
# scripts/sanitize.sh [SECONDS to fuzz the readers, default 10]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-10}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
sanitizers=(-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined)
warnings=(-Wall -Wextra -Werror -D_GNU_SOURCE)

echo "core: known answers, ${seconds} s of fuzzing"
cc -std=gnu11 "${warnings[@]}" "${sanitizers[@]}" -Inative/core test/native/core_test.c native/core/*.c -o "$out/core_test"
"$out/core_test" "$seconds"

echo "addon: build"
include=$(node -p "require('node:path').resolve(process.execPath, '../../include/node')")
headers=(-I"$include" -Inode_modules/node-addon-api -Inative/core)
defines=(-DNAPI_VERSION=9 -DNAPI_CPP_EXCEPTIONS -DNODE_ADDON_API_DISABLE_DEPRECATED -DBUILDING_NODE_EXTENSION)
objects=()
for file in native/core/*.c native/addon/*.cc; do
  object="$out/$(basename "$file").o"
  case $file in
    *.c) cc -std=gnu11 -fPIC "${warnings[@]}" "${sanitizers[@]}" "${headers[@]}" -c "$file" -o "$object" ;;
    *) c++ -std=c++17 -fPIC "${warnings[@]}" "${sanitizers[@]}" "${defines[@]}" "${headers[@]}" -c "$file" -o "$object" ;;
  esac
  objects+=("$object")
done
mapfile -t libraries < <(node scripts/native-libs.mjs --libraries)
c++ -shared "${sanitizers[@]}" "${objects[@]}" "${libraries[@]}" -o "$out/shale.node"

echo "addon: tests"
# Node itself leaks what it means to leak.
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1
export SHALE_ADDON="$out/shale.node"
LD_PRELOAD="$(cc -print-file-name=libasan.so) $(cc -print-file-name=libubsan.so)" node node_modules/.bin/tap run --disable-coverage --timeout=300 \
  test/layer/write.test.ts test/layer/apply.test.ts test/layer/hostile.test.ts test/util
