#!/usr/bin/env bash
# What only the tests need, put where it is missing: PostgreSQL's and Request Tracker's programs, a compose checker, a
# validator of invoices, stripe-mock, a Temporal server.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

compose_go=github.com/compose-spec/compose-go/v2/cmd@v2.16.2
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tenure
checker=$cache/compose-go/cmd
mustang=org.mustangproject:Mustang-CLI:2.26.0
validator=$cache/mustang/Mustang-CLI-2.26.0.jar
# Its API version is the one that the adapter is written for: raise both together.
stripe_go=github.com/stripe/stripe-mock@v0.203.0
stripe_mock=$cache/stripe-mock/stripe-mock

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

has_request_tracker() { [[ -x /usr/share/request-tracker5/libexec/rt-server ]]; }

install_request_tracker() {
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
        fail "The tests need Request Tracker 5: install it first, on Debian and Ubuntu with:
sudo apt-get install --no-install-recommends request-tracker5 rt5-standalone rt5-db-sqlite msmtp-mta"
    fi
    printf 'Installing Request Tracker for the tests (a minute) ...\n' >&2
    export DEBIAN_FRONTEND=noninteractive
    # The tests bring up instances of their own: the package need not make one.
    debconf-set-selections <<'ANSWERS'
request-tracker5 request-tracker5/dbconfig-install boolean false
request-tracker5 request-tracker5/rtname string tenure.test
request-tracker5 request-tracker5/organization string tenure.test
ANSWERS
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=600 \
        request-tracker5 rt5-standalone rt5-db-sqlite dbconfig-sqlite3 msmtp-mta ca-certificates >/dev/null
}

# `docker compose` where it is installed, else the library that it reads its files with.
has_compose() { docker compose version >/dev/null 2>&1 || [[ -x $checker ]]; }

install_compose() {
    command -v go >/dev/null || fail "The tests check docker-compose.yml: install the docker compose plugin, or Go."
    printf 'Building the compose checker, once ...\n' >&2
    GOBIN=$(dirname "$checker") go install "$compose_go" 2>/dev/null ||
        fail "The compose checker could not be built: go install $compose_go"
}

install_java() {
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
        fail "The tests judge invoices with a Java program: install a Java runtime and Maven first, on Debian and Ubuntu
with: sudo apt-get install default-jre-headless maven"
    fi
    printf 'Installing Java for the tests ...\n' >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends default-jre-headless maven >/dev/null
}

install_validator() {
    { command -v java && command -v mvn; } >/dev/null || install_java
    [[ -e $validator ]] && return
    printf 'Fetching the validator of invoices, once ...\n' >&2
    mvn -q -B dependency:copy -Dartifact="$mustang" -DoutputDirectory="$(dirname "$validator")" ||
        fail "The validator of invoices could not be had: mvn dependency:copy -Dartifact=$mustang"
}

install_stripe_mock() {
    command -v go >/dev/null || fail "The tests check what is asked of Stripe with stripe-mock: install Go."
    printf 'Building stripe-mock, once ...\n' >&2
    GOBIN=$(dirname "$stripe_mock") go install "$stripe_go" 2>/dev/null ||
        fail "stripe-mock could not be built: go install $stripe_go"
}

{ [[ -e $validator ]] && command -v java >/dev/null; } || install_validator
has_postgres || install_postgres
has_request_tracker || install_request_tracker
has_compose || install_compose
[[ -x $stripe_mock ]] || install_stripe_mock
.venv/bin/python -m runtime.temporal_binary >/dev/null
