#!/usr/bin/env bash
# The walk of walk.mjs with what it needs: node, the packages of package.json, a Chromium. What is
# missing is installed where that is possible. Where it is not, this says SKIPPED and why, and succeeds: a
# machine without a browser is no fault of the program. Once the walk has started, it decides.
#
# Settings: OPPBASE, CHROMIUM, SHOTS; see walk.mjs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

skip() {
  printf '\n======== BROWSER WALK SKIPPED: %s ========\n\n' "$1"
  exit 0
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Debian and its relatives; the lists of a fresh image are empty, those of an old one name packages that
# are gone.
apt_install() {
  command -v apt-get >/dev/null || return 1
  echo "installing $*"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update >/dev/null 2>&1 &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null 2>&1
}

# Not Ubuntu's chromium-browser, which is a stub for another package system.
find_chromium() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-headless-shell google-chrome-stable google-chrome; do
    [ -n "$name" ] && command -v "$name" && return 0
  done
  return 1
}

node_is_new_enough() {
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

node_is_new_enough || apt_install nodejs npm || true
node_is_new_enough || skip "node 20.19 or newer is not here and cannot be installed"
command -v npm >/dev/null || skip "npm is not here and cannot be installed"

find_chromium >/dev/null || apt_install chromium || true
CHROMIUM=$(find_chromium) || skip "there is no Chromium and it cannot be installed"
"$CHROMIUM" --headless --no-sandbox --disable-gpu --dump-dom about:blank >/dev/null 2>&1 ||
  skip "$CHROMIUM does not start on this machine"
export CHROMIUM

# Installed packages are kept until package.json changes.
stamp=node_modules/.installed
if ! cmp -s package.json "$stamp"; then
  npm ping >/dev/null 2>&1 || skip "the packages of package.json are not here and npm reaches no registry"
  npm install --ignore-scripts --loglevel=error
  cp package.json "$stamp"
fi

export OPPBASE=${OPPBASE:-$PWD/../../target/debug/oppbase}
export SHOTS=${SHOTS:-$PWD/../../target/browser}
rm -rf -- "$SHOTS"
[ -x "$OPPBASE" ] || { echo "$OPPBASE is not there: cargo build" >&2; exit 1; }
node --test --test-reporter=spec walk.mjs
echo "pictures: $SHOTS"
