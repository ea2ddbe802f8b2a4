#!/usr/bin/env bash
# Sees to it that the pages can be tested in a real browser: Debian's chromium, installed where it is missing.
# Run by `make test` and `make e2e`; where it is there already, nothing happens.
set -euo pipefail

find_browser() { command -v chromium || command -v chromium-browser || true; }

if [[ -n "$(find_browser)" ]]; then exit 0; fi

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null && as_root=(sudo) || {
    printf '%s\n' "The pages are tested in chromium, which is not on this machine." \
      "Install it: apt install chromium (as root), then run this again." >&2
    exit 1
  }
fi
command -v apt-get >/dev/null || {
  printf '%s\n' "The pages are tested in chromium, which is not on this machine, and this is no Debian." \
    "Install chromium with the means of your system, then run this again." >&2
  exit 1
}
echo "Installing chromium, in which the pages are tested (once)"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get -qq update
"${as_root[@]}" apt-get -qq install --no-install-recommends --yes chromium >/dev/null
[[ -n "$(find_browser)" ]]
