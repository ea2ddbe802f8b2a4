#!/usr/bin/env bash
# Pins every requirement by version and hash: requirements/*.in -> requirements/*.txt.
#
# What is pinned stays as it is unless an .in file asks otherwise; `UPGRADE=1` takes the newest versions that fit.
# The order matters: each later file is held to the versions of the earlier ones; the judge's, which stands apart, is not.
# No address of an index, mirror or folder is written, so that the same files serve wherever the packages come from.
set -euo pipefail
cd "$(dirname "$0")/../requirements"

compile=(
  "${VENV:-../.venv}/bin/pip-compile" --quiet --generate-hashes --allow-unsafe --strip-extras
  --no-header --no-emit-options --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
  --annotation-style=line
)
if [[ "${UPGRADE:-}" == 1 ]]; then compile+=(--upgrade); fi

for purpose in run test lint tools judge; do
  echo "pinning requirements/${purpose}.txt"
  "${compile[@]}" --output-file="${purpose}.txt" "${purpose}.in"
done

if grep -nE '://|^ *-' ./*.txt | grep -vE '^[^:]+:[0-9]+: +--hash=sha256:'; then
  echo "An address or an option stands in the pinned files; remove it." >&2
  exit 1
fi
