#!/bin/sh
# Webhooks under load: CHANGES changes (a million by default) of 10,000 opportunities, a receiver that refuses 30 %
# and hangs on 5 % for longer than the timeout of five seconds, two servers of which one is killed every five. Fails when an event is lost, invented or out of order,
# when the queue does not drain, or when a server needs more than 200 MB. Prints progress and figures.
#
#   tests/bench/webhooks.sh [CHANGES] [SECONDS]
set -eu
cd "$(dirname "$0")/../.."
changes=${1:-1000000}
records=10000
SOAK_RECORDS=$records SOAK_ROUNDS=$((changes / records)) SOAK_SECONDS=${2:-7200} \
  exec cargo test ${PROFILE_FLAG:---release} --test integration -- \
  --exact webhooks::soak::every_event_arrives_in_order_whatever_is_killed --nocapture
