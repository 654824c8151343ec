# One image for web, stream and worker. Everything in it is read-only but /data and /tmp.
#   docker build --build-arg RELEASE=$(git rev-parse --short HEAD) -t multichat .
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
RUN python -m venv --without-pip /venv
# First and alone, so that a change of the code does not install everything anew. Wheels only: nothing is compiled here.
COPY requirements.lock ./
RUN pip --python /venv/bin/python install --require-hashes --only-binary :all: --requirement requirements.lock
COPY manage.py ./
COPY scripts scripts
COPY templates templates
COPY accounts accounts
COPY media media
COPY messaging messaging
COPY multichat multichat
# Keys for this one command; they are in no layer that is kept, and sign nothing.
RUN SECRET_KEY=build FIELD_ENCRYPTION_KEYS=YnVpbGQtYnVpbGQtYnVpbGQtYnVpbGQtYnVpbGQtISE= \
    ENV_FILE= VAR_DIR=/tmp/build STATIC_ROOT=/app/static \
    /venv/bin/python manage.py collectstatic --no-input --verbosity 0 \
    && /venv/bin/python -m compileall -q /app \
    && chmod -R a+rX,go-w /app /venv

FROM ${PYTHON}
# pip is of no use to what runs, and of some to whoever breaks in.
RUN useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin multichat \
    && install -d -o multichat -g multichat -m 0755 /data \
    && pip uninstall --yes --quiet pip setuptools wheel
COPY --from=build /venv /venv
COPY --from=build /app /app
# Down here, so that a new release shares what lies above with the one before.
ARG RELEASE=""
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    ENV_FILE= VAR_DIR=/data STATIC_ROOT=/app/static HOST=0.0.0.0 PORT=8000 RELEASE=${RELEASE}
WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 8000 8001
STOPSIGNAL SIGTERM
# Of web and stream; compose.yaml has the worker's.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["python", "scripts/probe.py"]
ENTRYPOINT ["scripts/serve.sh"]
CMD ["web"]
