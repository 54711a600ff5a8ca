# Installs PostgreSQL's programs on Debian and its relatives, and no cluster: the package would make one,
# start it on port 5432 and again at every boot.
#
# $1 is /etc/postgresql-common/createcluster.d, whose files the package's scripts read when they are about to
# make a cluster (man pg_createcluster). Ours is there for this installation only.
set -eu
setting=$1/oppbase.conf
trap 'rm -f -- "$setting"' EXIT
trap 'exit 1' INT TERM HUP
mkdir -p -- "$1"
printf 'create_main_cluster = false\n' >"$setting"

export DEBIAN_FRONTEND=noninteractive
# A fresh image has no package lists; an old list may name packages that are gone.
apt-get -qq update
apt-get -qq install -y --no-install-recommends postgresql
