# shellcheck shell=bash
# Read by the other scripts, first of all: the root of the clone as working directory, cargo on the PATH, errors that stop.

set -euo pipefail
CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

# rustup adds cargo to the PATH only of shells that are opened after it.
if ! command -v cargo >/dev/null && [ -x "${HOME:-/nonexistent}/.cargo/bin/cargo" ]; then
    PATH="$HOME/.cargo/bin:$PATH"
fi

# Tools that scripts/setup builds for this clone only. First, because their versions are pinned.
PATH="$PWD/var/tools/bin:$PATH"
export PATH

# Talk goes to stderr, so that stdout holds nothing but results.
say() { printf '%s\n' "$*" >&2; }

# One sentence that names the thing and what to do, and the end.
give_up() {
    say "$(basename -- "$0"): $*"
    exit 1
}
