#!/usr/bin/env bash
# Style, types, order of the rooms, texts. Tells all that is wrong, not only the first. Run by `make check`.
set -uo pipefail
cd "$(dirname "$0")/.."
bin="${1:-.venv/bin}"
export LC_ALL=C.UTF-8
wrong=()

step() {
  local name="$1"
  shift
  if output="$("$@" 2>&1)"; then
    printf '  ok     %s\n' "$name"
  else
    printf '  WRONG  %s\n%s\n' "$name" "$output"
    wrong+=("$name")
  fi
}

step "style (ruff check)" "$bin/ruff" check --quiet .
step "form (ruff format)" "$bin/ruff" format --check --quiet .
step "types (mypy --strict)" "$bin/mypy" --no-error-summary
step "rooms (import-linter)" "$bin/lint-imports" --no-cache
step "texts and house" "$bin/python" -m pytest --no-header -p no:cacheprovider tests/test_texts.py tests/test_house.py
step "generated pages and links" "$bin/python" scripts/docs.py

if ((${#wrong[@]})); then
  printf 'make check: %d of the checks above are wrong\n' "${#wrong[@]}" >&2
  exit 1
fi
