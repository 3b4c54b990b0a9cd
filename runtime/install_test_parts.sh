#!/usr/bin/env bash
# What only the tests need, put where it is missing: PostgreSQL's programs, a compose checker, a Temporal server.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

compose_go=github.com/compose-spec/compose-go/v2/cmd@v2.16.2
checker=${XDG_CACHE_HOME:-$HOME/.cache}/tenure/compose-go/cmd

fail() { printf '%s\n' "$*" >&2; exit 1; }

has_postgres() { command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }

install_postgres() {
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
        fail "The tests need PostgreSQL's server programs (initdb, postgres): install them first, on Debian and Ubuntu
with: sudo apt-get install postgresql"
    fi
    printf 'Installing PostgreSQL for the tests ...\n' >&2
    export DEBIAN_FRONTEND=noninteractive
    # The tests bring up clusters of their own: the package need not start one.
    mkdir -p /etc/postgresql-common
    [[ -e /etc/postgresql-common/createcluster.conf ]] ||
        printf 'create_main_cluster = false\n' >/etc/postgresql-common/createcluster.conf
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends postgresql >/dev/null
}

# `docker compose` where it is installed, else the library that it reads its files with.
has_compose() { docker compose version >/dev/null 2>&1 || [[ -x $checker ]]; }

install_compose() {
    command -v go >/dev/null || fail "The tests check docker-compose.yml: install the docker compose plugin, or Go."
    printf 'Building the compose checker, once ...\n' >&2
    GOBIN=$(dirname "$checker") go install "$compose_go" 2>/dev/null ||
        fail "The compose checker could not be built: go install $compose_go"
}

has_postgres || install_postgres
has_compose || install_compose
.venv/bin/python -m runtime.temporal_binary >/dev/null
