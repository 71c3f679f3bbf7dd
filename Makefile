.PHONY: setup test lint docs ci
python = .venv/bin/python

setup:
	python3 -m venv .venv
	$(python) -m pip install -q -e ".[dev,docs]"
test:
	$(python) -m pytest -n 2
lint:
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy
docs:
	$(python) -m sphinx -W --keep-going -b html docs docs/_build/html
ci:
	.ci/run
