#!/usr/bin/env bash
# Makes or mends the environment in $VENV. Run by `make setup`; safe to run again at any time.
#
# What is already right is left alone and asks no package index, so that a machine without a network works
# once it has been set up. Every package is held to its hash in requirements/*.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${PYTHON:=}" "${VENV:=.venv}"

# Unless one is named, the operating system's own Python where it serves: its distributor mends it, and builds it so that
# it is faster by a tenth than one that was compiled without profiles (docs/explanation/performance.md).
if [[ -z "$PYTHON" ]]; then
  PYTHON=python3
  if /usr/bin/python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    PYTHON=/usr/bin/python3
  fi
fi

die() { printf '%s\n' "$@" >&2; exit 1; }

if ! "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
  command -v "$PYTHON" >/dev/null || die \
    "There is no '$PYTHON' on this machine." \
    "On Debian: apt install python3 python3-venv. Elsewhere: make setup PYTHON=/path/to/python3.11"
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || die \
    "'$PYTHON' is $("$PYTHON" -V 2>&1); Tansiq needs Python 3.11 or later." \
    "Name another one: make setup PYTHON=python3.11"
  "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || die \
    "'$PYTHON' cannot make environments: its venv module is not complete." \
    "On Debian and Ubuntu: apt install python3-venv"
  echo "Making the environment in $VENV with $("$PYTHON" -V)"
  "$PYTHON" -m venv --clear "$VENV"
fi

python="$VENV/bin/python"
# The environment of the interpreter $1 holds what the pinned files of the purposes after it name.
hold() {
  local in="$1" files=("${@:2}")
  files=("${files[@]/#/requirements/}")
  files=("${files[@]/%/.txt}")
  if "$in" scripts/environment.py "${files[@]}"; then
    echo "The packages in ${in%/bin/python} are the pinned ones"
    return
  fi
  echo "Installing the pinned packages into ${in%/bin/python} (a minute or two the first time)"
  # Without dependencies: the pins are complete (`pip check` says so), and a resolver that looks for them itself
  # stumbles over a version newer than a pin as soon as somebody asks for an extra (`coverage[toml]`).
  "$python" -m pip --python "$in" install -qq --no-input --disable-pip-version-check --only-binary :all: \
    --no-deps --require-hashes "${files[@]/#/--requirement=}"
  # An environment of before still has the judge among our packages, where it contradicts them.
  if [[ "$in" == "$python" ]]; then "$python" -m pip uninstall -qq --yes cwt 2>/dev/null; fi
  "$python" -m pip --python "$in" check
}

hold "$python" run test lint tools

# The judge of our signatures stands apart: it wants another cbor2 than ours (docs/adr/0003-cose.md).
judge="$VENV/judge/bin/python"
"$judge" -c '' 2>/dev/null || "$python" -m venv --clear --without-pip "$VENV/judge"
hold "$judge" judge

# Without build isolation: the build tool is pinned with the others and nothing more is fetched.
"$python" -m pip install -qq --no-input --disable-pip-version-check --no-index \
  --no-build-isolation --no-deps --editable .
"$python" scripts/fonts.py
echo "Ready: $VENV/bin/tansiq --help, make demo, make test"
