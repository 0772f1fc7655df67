# gdcourse: `make` lists what there is to do.

PYTHON ?= python3
FILES ?=
PY := .venv/bin/python

# One thread for linear algebra: results do not depend on the machine, and two kernels do not fight over two cores.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: help install book test lint lab notebooks bench clean

help:
	@echo "make book       build the site and say where it is"
	@echo "make test       prove that everything in it is true"
	@echo "make lab        open the notebooks in JupyterLab"
	@echo "make notebooks  run notebooks and store the outputs that tests check (FILES=... for some)"
	@echo "make lint       check style and types"
	@echo "make bench      measure speed"
	@echo "make clean      remove what was built, and .venv"
	@echo "PYTHON=python3.12 after any of these names the Python to use."

install:
	@command -v "$(PYTHON)" >/dev/null || \
	  { echo "There is no $(PYTHON): install Python 3.11 or newer, or name one, as in: make PYTHON=python3.12"; exit 1; }
	@"$(PYTHON)" tools/install.py

book: install
	@$(PY) -m tools.book

test: lint
	$(PY) -m pytest --ignore tests/test_site.py --numprocesses 2 --dist worksteal --quiet
	$(PY) -m pytest --nbval-lax book --override-ini filterwarnings=default --numprocesses 2 --dist loadscope --quiet
	$(PY) -m tools.book
	$(PY) -m pytest tests/test_site.py --numprocesses 2 --dist loadgroup --quiet

lint: install
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(PY) -m tools.notebooks strip --check

lab: install
	$(PY) -m jupyterlab --notebook-dir book

notebooks: install
	$(PY) -m tools.notebooks run $(FILES)

bench: install
	@for script in benchmarks/*.py; do $(PY) "$$script" || exit 1; done

clean:
	rm -rf .venv _build build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -type d -prune -exec rm -rf {} +
