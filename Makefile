# Python 3.11 or newer and make are all that must be there; .venv is made on first use.
# PYTHON=python3.12 chooses the interpreter, PORT=8080 the port, ARGS="-k media -x" what else pytest is told.

PY := .venv/bin/python
RUN := .venv/run.installed
DEV := .venv/dev.installed
PORT ?= 8000
ARGS ?=
export PYTHON PORT

LOCK := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
TESTED := ENV_FILE= DJANGO_SETTINGS_MODULE=tests.settings
# More than the cores of a small machine: many tests wait for processes, and one that is done takes from the others.
SUITE := $(PY) -m pytest -n 4 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: audit help run demo test test-sqlite test-postgres lint format fuzz chaos bench migrations messages lock clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

run: $(RUN) ## Start MultiChat on http://127.0.0.1:$PORT with its worker; Ctrl-C stops both
	@$(PY) scripts/run.py

demo: $(RUN) ## The same on a throw-away database, fed by simulated providers
	@$(PY) scripts/demo.py

test: test-sqlite test-postgres ## Run every test on SQLite, then what a database can change on PostgreSQL

test-sqlite: $(DEV) ## Run every test on SQLite
	TEST_DATABASE_URL= $(SUITE) $(ARGS)

test-postgres: $(DEV) ## Run the tests of what a database can change on PostgreSQL: TEST_DATABASE_URL, or a server of its own
	$(SUITE) -p tests.postgres $(ARGS)

lint: $(DEV) ## Check style, types, import directions, sizes, migrations and settings
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	$(TESTED) .venv/bin/mypy
	.venv/bin/lint-imports
	$(PY) -m pytest -q tests/test_architecture.py tests/test_project.py
	$(TESTED) $(PY) manage.py makemigrations --check --dry-run
	$(TESTED) $(PY) manage.py check --fail-level WARNING

format: $(DEV) ## Rewrite the code in the project's style
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

fuzz: $(DEV) ## Mutated webhooks by the 100,000, any course of a file's life, made-up requests to the API
	$(PY) -m tests.fuzz
	LEDGER_EXAMPLES=500 $(PY) -m pytest -p tests.postgres tests/media/test_ledger_machine.py -o faulthandler_timeout=3600
	$(PY) -m tests.api.fuzz

chaos: $(DEV) ## Twenty minutes of kills, crashes, full disks and failing providers; then count what came through
	$(PY) -m tests.chaos.storm $(ARGS)

bench: $(DEV) ## Measure webhooks and media on this machine
	$(PY) -m tests.bench

migrations: $(DEV) ## Write migrations for changed models
	$(TESTED) $(PY) manage.py makemigrations
	.venv/bin/ruff format --quiet accounts/migrations media/migrations messaging/migrations

messages: $(DEV) ## Bring the catalogues of translations up to date; needs gettext
	$(TESTED) $(PY) manage.py makemessages -l pt_BR -l fr --add-location file --no-wrap --no-obsolete \
		-i .venv -i var -i tests -i scripts -i docs -i '*/migrations/*'
	$(TESTED) $(PY) manage.py compilemessages -i .venv -i var

lock: $(DEV) ## Resolve both requirements files into their lock files
	$(LOCK) requirements.txt -o requirements.lock
	$(LOCK) -c requirements.lock tests/requirements.txt -o tests/requirements.lock

audit: $(DEV) ## Ask an advisory service about every dependency; says so where none can be reached
	@scripts/audit.sh

clean: ## Remove the virtual environment and caches; var/ with the data stays
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis .coverage .coverage.* htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN): requirements.lock scripts/install.sh
	@scripts/install.sh requirements.lock
	@touch $@

# The lock of the tests holds everything of the other one too.
$(DEV): tests/requirements.lock requirements.lock scripts/install.sh
	@scripts/install.sh tests/requirements.lock
	@touch $(RUN) $@
