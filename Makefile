# make demo    everything on this machine, ready to look at
# make test    the whole test suite, no service needed (one file: make test ARGS="-n0 tests/sync/test_plan.py")
# make bench   speed and number of calls against what is promised, in a quarter of an hour (a quick look: make bench SIZE=50000 ONLY=pages)
# make chaos   a bad day on real processes, compared record by record (SEED=1 SIZE=2000 KILLS=12 MINUTES=5 BROKER=redis://…)
# make check   linters, types, import directions, templates, migrations ("make -k check" goes on after a fault)
# make audit   known faults in the packages used (asks a public database)
# make pins    choose package versions anew within requirements*.in
# make clean   forget what was made here: environment, demo database, caches

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
PY := $(VENV)/bin/python
UV := $(VENV)/bin/uv
UV_VERSION := 0.13.9

# uv is much faster; where it can't reach the package index the way pip is set up to, pip does the same.
INSTALL = $(UV) pip install --quiet --compile-bytecode --python $(PY) -r $(1) || $(PY) -m pip install --quiet -r $(1)

# Settings as an installation would have them, so that "check" finds what only matters there. The database is never
# asked (a warning about that is left out), so it may be one that does not exist.
PRODUCTION = env DATABASE_URL=postgresql://app@127.0.0.1:9/app DEBUG=0 BASE_URL=https://sync.example.com ALLOWED_HOSTS= CSRF_TRUSTED_ORIGINS= \
  SECRET_KEY=not-a-secret-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ \
  FIELD_ENCRYPTION_KEYS=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE= REQUIRE_MFA=1 TRUSTED_PROXIES=1 LOG_LEVEL=INFO \
  CACHE_URL=dbcache://cache_rows CELERY_BROKER_URL=pgmq:// EMAIL_URL=smtp+tls://mail.example.com:587 \
  IGNITION_CLIENT_ID=id IGNITION_CLIENT_SECRET=secret XERO_CLIENT_ID=id XERO_CLIENT_SECRET=secret

.PHONY: demo test bench chaos check check-style check-types check-imports check-templates check-django audit pins clean
.DELETE_ON_ERROR:

demo: $(VENV)/runtime.stamp
	@exec $(PY) -m launcher demo

# One more than there are cores: much of a test is waiting for a browser, a worker or the database.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

# The tests start many programs; without compiled files each would compile the whole app anew.
unexport PYTHONDONTWRITEBYTECODE

test: $(VENV)/dev.stamp
	$(PY) -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

bench: $(VENV)/runtime.stamp $(VENV)/bench.stamp
	@$(PY) -m bench $(if $(SIZE),--size $(SIZE)) $(if $(ONLY),--only $(ONLY))

chaos: $(VENV)/dev.stamp
	@$(PY) -m chaos $(if $(SEED),--seed $(SEED)) $(if $(SIZE),--size $(SIZE)) $(if $(KILLS),--kills $(KILLS)) \
	  $(if $(MINUTES),--minutes $(MINUTES)) $(if $(BROKER),--broker $(BROKER))

check: check-style check-types check-imports check-templates check-django

check-style: $(VENV)/dev.stamp
	$(VENV)/bin/ruff check --quiet .
	$(VENV)/bin/ruff format --quiet --check .

check-types: $(VENV)/dev.stamp
	$(VENV)/bin/mypy .

check-imports: $(VENV)/dev.stamp
	$(VENV)/bin/lint-imports

check-templates: $(VENV)/dev.stamp
	$(VENV)/bin/djlint --lint --quiet templates
	$(PRODUCTION) $(PY) manage.py check_templates

check-django: $(VENV)/dev.stamp
	$(PRODUCTION) $(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING

audit: $(VENV)/dev.stamp
	$(VENV)/bin/pip-audit --requirement requirements.txt --disable-pip --no-deps

pins: $(VENV)/dev.stamp
	for set in requirements requirements-dev requirements-bench; do \
	  $(UV) pip compile --quiet --universal --python-version 3.11 --no-header --upgrade $$set.in -o $$set.txt && \
	  sed -i "1i # Pinned by \"make pins\" from $$set.in, which says what for." $$set.txt || exit 1; \
	done

clean:
	@if [ -e var/demo/lock ] && ! flock -n var/demo/lock true; then echo "Stop the demo first."; exit 1; fi
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv --clear $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(VENV)/runtime.stamp: requirements.txt | $(UV)
	$(call INSTALL,requirements.txt)
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt | $(UV)
	$(call INSTALL,requirements-dev.txt)
	@touch $@

$(VENV)/bench.stamp: requirements-bench.txt | $(UV)
	$(call INSTALL,requirements-bench.txt)
	@touch $@
