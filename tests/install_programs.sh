#!/bin/sh
# The programs that tests start and no package of Python's brings: a browser and a Postgres server.
# Where Debian's packages can be installed they are, once; elsewhere their tests are skipped.
set -eu

missing=""
command -v chromium >/dev/null || command -v google-chrome >/dev/null || missing="$missing chromium fonts-liberation"
command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -n "$missing" ] || exit 0

install() {
    # shellcheck disable=SC2086  # several packages
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=0 -o Acquire::http::Timeout=20 \
        install --yes --no-install-recommends $missing >/dev/null 2>&1
}

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing$missing (once) ..."
    install && exit 0
    apt-get -qq -o Acquire::Retries=0 -o Acquire::http::Timeout=20 update >/dev/null 2>&1 || true
    install && exit 0
fi
echo "Not installed:$missing. The tests that need it are skipped; as root: apt-get install$missing"
