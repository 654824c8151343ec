#!/bin/sh
# What production starts, in the foreground: scripts/serve.sh web | stream | worker | prepare
# HOST, PORT, WEB_PROCESSES, WEB_THREADS and WORKER_PROCESSES choose; everything else is in the settings.
# SIGTERM finishes what is under way; SIGHUP to web or stream puts new processes in the place of the old ones.
set -eu
cd "$(dirname "$0")/.."
[ -x .venv/bin/python ] && PATH="$PWD/.venv/bin:$PATH"

serve() {
    # No access log: paths of webhooks and links to files are credentials. MultiChat writes its own, by route.
    # At SIGHUP a new process has so long to come up before the old one goes; on a busy machine that takes a while.
    exec python -m granian --host "${HOST:-127.0.0.1}" --no-ws --no-access-log --log-level warning \
        --respawn-failed-workers --respawn-interval 12 "$@"
}

case "${1:-}" in
web)
    # Threads wait for slow storages; more of them would only use up database connections.
    serve --interface wsgi --port "${PORT:-8000}" --workers "${WEB_PROCESSES:-2}" \
        --blocking-threads "${WEB_THREADS:-4}" --backpressure 256 --workers-kill-timeout 25 \
        multichat.wsgi:application
    ;;
stream)
    # One process holds thousands of streams. They have no end, so they are cut, and their clients come back.
    serve --interface asginl --port "${PORT:-8001}" --workers 1 --backpressure 4000 --workers-kill-timeout 1 \
        multichat.asgi:application
    ;;
worker)
    exec python manage.py worker --processes "${WORKER_PROCESSES:-1}"
    ;;
prepare)
    # Once before a start and at each upgrade; several at a time wait for each other at the database.
    python manage.py check --deploy --fail-level ERROR
    exec python manage.py migrate --no-input
    ;;
*)
    echo "usage: scripts/serve.sh web | stream | worker | prepare" >&2
    exit 64
    ;;
esac
