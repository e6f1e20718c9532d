#!/usr/bin/env bash
# Copies the built package to a directory that every user can read: stage.sh DIRECTORY
set -euo pipefail
cd "$(dirname "$0")/.."
target=$1
mkdir -p "$target"
cp -r --no-preserve=ownership package.json bin dist examples "$target/"
mkdir -p "$target/wasm" "$target/build/Release"
cp --no-preserve=ownership wasm/*.wasm "$target/wasm/" 2>/dev/null || true
cp --no-preserve=ownership build/Release/shale.node build/Release/shale-runner "$target/build/Release/" 2>/dev/null || true
mkdir -p "$target/node_modules"
npm ls --omit=dev --all --parseable 2>/dev/null | sed -n "s#^$PWD/node_modules/##p" | while read -r package; do
  mkdir -p "$target/node_modules/$(dirname "$package")"
  cp -r --no-preserve=ownership "node_modules/$package" "$target/node_modules/$(dirname "$package")/"
done
chmod -R a+rX "$target"
