#!/bin/sh
# Asks an advisory service about everything that requirements.lock names. What is known to be vulnerable fails; where no
# service answers, as on a machine without a network, a sentence says that nothing was learned.
set -u

AUDIT="pip-audit==2.10.1"
SECONDS_AT_MOST=30

.venv/bin/uv pip check || exit 1
told=$(timeout "$SECONDS_AT_MOST" .venv/bin/uv tool run --from "$AUDIT" pip-audit --require-hashes --disable-pip \
    --progress-spinner off --timeout 10 -r requirements.lock 2>&1)
status=$?
case "$told" in
# First: whatever else was skipped, what was found counts.
*"Found "*" known vulnerabilit"*)
    echo "$told"
    exit 1
    ;;
# What was skipped is counted among what is in order.
*"could not be audited"*)
    echo "The advisory service does not know every package, so nothing is known about what requirements.lock names." >&2
    echo "Run make audit where pypi.org can be reached." >&2
    ;;
*"No known vulnerabilities found"*) echo "No known vulnerability in requirements.lock." ;;
*)
    echo "No advisory service answered (status $status), so nothing is known about what requirements.lock names." >&2
    echo "Run make audit where there is a network." >&2
    ;;
esac
