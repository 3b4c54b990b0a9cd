#!/usr/bin/env bash
# Makes .venv hold exactly what requirements.lock names; does nothing when it already does.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=${PYTHON:-python3}
stamp=.venv/.tenure-stamp

fail() { printf '%s\n' "$*" >&2; exit 1; }

wanted() { { cat requirements.lock; printf '%s %s\n' "$PWD" "$python"; } | sha256sum | cut -d' ' -f1; }
fresh() { [[ -x .venv/bin/python && -f $stamp && $(<"$stamp") == "$(wanted)" ]]; }

fresh && exit 0

command -v "$python" >/dev/null || fail "Tenure needs Python 3.11 or later, and '$python' is not on the PATH."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Tenure needs Python 3.11 or later, but '$python' is $("$python" -V). Set PYTHON to a newer one."

# Two starts at once (make and ./tenure) must not install over each other.
exec 9>.venv.lock
if command -v flock >/dev/null; then flock 9; fi
fresh && exit 0

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv
    else
        fail "Python's venv module is missing: install it (on Debian and Ubuntu: sudo apt-get install python3-venv)."
    fi
fi

printf 'Setting up .venv from requirements.lock ...\n' >&2
[[ -x .venv/bin/python ]] && .venv/bin/python -c 'import pip' 2>/dev/null || "$python" -m venv --clear .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
wanted >"$stamp"
