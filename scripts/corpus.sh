#!/usr/bin/env bash
# Runs the peers' own builds against bin/shale and prints how many agree: corpus.sh [--suite RE] [--id RE] …
# Needs the corpora (SHALE_CORPORA, default ../shared/corpora) and mmdebstrap, busybox-static, gcc.
set -euo pipefail
cd "$(dirname "$0")/.."
corpora=$(realpath "${SHALE_CORPORA:-../shared/corpora}")
[ -d "$corpora/builds" ] || { echo "corpus: no builds in $corpora: set SHALE_CORPORA" >&2; exit 2; }

work=$(mktemp -d /var/tmp/shale-corpus-XXXXXX)
trap 'rm -rf "$work"' EXIT
cp -r "$corpora/builds" "$work/"
chmod -R u+w "$work/builds"
cc -static -O1 -o "$work/builds/bases/hello" "$work/builds/bases/hello.c"
mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$work/builds/bases/debian-rootfs.tar"
python3 "$work/builds/bases/make_bases.py"

export SHALE_ROOT="$work/store" SHALE_NO_SYNC=1
for base in busybox alpine hello-world debian; do
  node bin/shale load -q -i "$work/builds/bases/$base.docker.tar"
done
# Some cases empty their store between steps; here the bases of all the others are in it.
cat >"$work/cli" <<END
#!/bin/sh
case " \$* " in *" rmi "*) case " \$* " in *" -a "* | *" --all "* | *" -af "* | *" -fa "*) exit 0 ;; esac ;; esac
exec "$PWD/bin/shale" "\$@"
END
chmod +x "$work/cli"
python3 "$work/builds/build/run.py" --cli "$work/cli" --export save -j 2 --out "$work/results.json" --needs secret "$@"
