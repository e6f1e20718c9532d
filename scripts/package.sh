#!/usr/bin/env bash
# Packs what would be published, installs it into an empty folder where no compiler is found, and builds and runs an
# image with it: package.sh [DIRECTORY to keep the tarballs in [all]]
# With `all` the packages of every platform are built, by a cross compiler; else the one for this machine.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d /var/tmp/shale-package-XXXXXX)
trap 'rm -rf "$scratch"' EXIT
out=${1:-$scratch/tarballs}
mkdir -p "$out"
out=$(realpath "$out")

node scripts/docs.mjs
node scripts/prebuild/index.mjs "$scratch/artifacts" ${2:+"$2"}
[ "${2:-}" != all ] || node scripts/prebuild/check.mjs "$scratch/artifacts"

# @napi-rs/cli lays the platform packages out and makes them optional dependencies of ours; the runner goes beside the addon.
cp -r package.json bin dist docs examples CHANGELOG.md README.md "$scratch/"
mkdir "$scratch/wasm" && cp wasm/*.wasm "$scratch/wasm/"
napi() { node_modules/.bin/napi "$@" --cwd "$scratch" >"$scratch/napi.log" 2>&1 || { cat "$scratch/napi.log" >&2; return 1; }; }
node scripts/package-manifest.mjs "$scratch"
napi create-npm-dirs
napi artifacts
for folder in "$scratch"/npm/*; do
  cp "$scratch/artifacts/shale-runner.${folder##*/}" "$folder/shale-runner"
  (cd "$folder" && npm pkg set 'files[]=shale-runner' >/dev/null 2>&1)
done
(cd "$scratch" && npm pack --silent --ignore-scripts --pack-destination "$out" . ./npm/* >/dev/null)
version=$(node -p "require('./package.json').version")
platform=$(node -p "const gnu = process.report.getReport().header.glibcVersionRuntime !== undefined; 'linux-' + process.arch + '-' + (gnu ? 'gnu' : 'musl')")
packages=("$out/shale-$version.tgz" "$out/shale-$platform-$version.tgz")
# Of this machine's package, nothing may be missing that another machine does not have.
tar -xOf "${packages[1]}" "package/shale.$platform.node" >"$scratch/addon"
if readelf -d "$scratch/addon" | grep -E 'NEEDED.*(deflate|zstd|seccomp)'; then
  echo "package: the addon needs libraries of this machine" >&2
  exit 1
fi

app="$scratch/app"
mkdir -p "$app/context" "$app/bin"
echo '{ "private": true }' >"$app/package.json"
(cd "$app" && npm install --silent --ignore-scripts --no-audit --no-fund --prefer-offline "${packages[@]}")

# Of all programs, those that a machine without a compiler has.
for program in node sh true mount newuidmap newgidmap busybox tar; do
  found=$(command -v "$program") && ln -s "$found" "$app/bin/$program"
done
shale() { PATH="$app/bin" "$app/bin/node" "$app/node_modules/shale/bin/shale" --root "$scratch/store" "$@"; }

facts=$(shale info)
grep -q "Layer engine: native shale-$platform" <<<"$facts" || { echo "$facts"; echo "package: the installed addon does not load" >&2; exit 1; }
grep -q "Runner: native $app/node_modules/shale-$platform/shale-runner" <<<"$facts" || {
  echo "$facts"
  echo "package: the installed runner is not found" >&2
  exit 1
}

mkdir -p "$scratch/base/bin"
cp "$(command -v busybox)" "$scratch/base/bin/"
ln -s busybox "$scratch/base/bin/sh"
tar -C "$scratch/base" --owner=0 --group=0 -cf "$app/base.tar" .
shale import "$app/base.tar" base >/dev/null
printf 'FROM base\nCOPY hello /hello\nRUN read -r line </hello && echo "$line, world" >/said\n' >"$app/context/Dockerfile"
echo hello >"$app/context/hello"
shale build -q -t packed "$app/context" >/dev/null
said=$(shale run --rm packed /bin/busybox cat /said)
[ "$said" = "hello, world" ] || { echo "package: the image says '$said'" >&2; exit 1; }
echo "package: installed without a compiler, built and ran an image: $(cd "$out" && ls -s --block-size=1K ./*.tgz | tr '\n' ' ')"
