#!/usr/bin/env bash
# Packs what would be published, installs it into an empty folder where no compiler is found, and builds and runs an
# image with it: package.sh [DIRECTORY to keep the tarballs in]
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d /var/tmp/shale-package-XXXXXX)
trap 'rm -rf "$scratch"' EXIT
out=${1:-$scratch/tarballs}
mkdir -p "$out"

[ -e build/Release/shale.node ] && [ -e build/Release/shale-runner ] || {
  echo "package: the native parts are not built: npm run build" >&2
  exit 1
}

node scripts/docs.mjs

# The package for this machine, as @napi-rs/cli lays it out, and the runner beside the addon.
cp package.json "$scratch/"
node_modules/.bin/napi create-npm-dirs --cwd "$scratch" >/dev/null
platform=$(node -p "require('./package.json').napi.targets.length === 1 ? require('node:fs').readdirSync('$scratch/npm')[0] : 'linux-' + process.arch + '-gnu'")
folder="$scratch/npm/$platform"
cp build/Release/shale.node "$folder/shale.$platform.node"
cp build/Release/shale-runner "$folder/"
node -e '
const fs = require("node:fs"), file = process.argv[1] + "/package.json";
const made = JSON.parse(fs.readFileSync(file));
made.files = [...new Set([...made.files, "shale-runner"])];
fs.writeFileSync(file, JSON.stringify(made, null, 2) + "\n");
' "$folder"

npm pack --silent --ignore-scripts --pack-destination "$out" . "$folder" >/dev/null
version=$(node -p "require('./package.json').version")
packages=("$out/shale-$version.tgz" "$out/shale-$platform-$version.tgz")

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
