# The verbs, the same for people and CI. `make demo` and `make test` set all up by themselves.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
INTEROP := .venv-interop
BACKTEST := .venv-backtest
PYTEST_ARGS ?= -n auto

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench instructions agents interop docs fuzz soak limits whatif mixed rollout chaos proxies backtest lock clean

help: ## Show the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(STAMP): requirements/dev.txt pyproject.toml scripts/python_version.py
	@$(PYTHON) scripts/python_version.py
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ echo "make: $(PYTHON) cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; \
		  rm -rf $(VENV); exit 1; }
	@echo "make: installing the locked dependencies into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP) ## The main job on real input, with the vendors emulated
	@$(BIN)/fairlead demo $(DEMO_ARGS)

test: $(STAMP) ## All tests
	@$(BIN)/python scripts/suite.py $(PYTEST_ARGS)

check: $(STAMP) ## Format, lint, types, import contracts, the gate on the tails
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python scripts/gate.py

format: $(STAMP) ## Format the code and mend what the linter can
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

bench: $(STAMP) ## CPU time per request beside nginx, in one run
	@$(BIN)/python -m benchmarks.gateway $(BENCH_ARGS)

instructions: $(STAMP) ## Instructions for one request, by callgrind (valgrind): small, then a stream
	@$(BIN)/python -m benchmarks.instructions whole $(INSTRUCTIONS_ARGS)
	@$(BIN)/python -m benchmarks.instructions stream --requests 48 $(INSTRUCTIONS_ARGS)

agents/node_modules: agents/package-lock.json
	@command -v npm >/dev/null || { echo "make: npm is missing; on Debian: apt-get install nodejs npm (Node.js 20 or newer)" >&2; exit 1; }
	@echo "make: installing the agents"
	@cd agents && npm ci --no-audit --no-fund --loglevel=error && touch node_modules

agents: $(STAMP) agents/node_modules ## Real command-line agents through the gateway, the models emulated
	@$(BIN)/python agents/drive.py $(AGENTS_ARGS)

$(INTEROP)/.installed: requirements/interop.txt scripts/python_version.py
	@$(PYTHON) scripts/python_version.py
	@test -x $(INTEROP)/bin/python || $(PYTHON) -m venv $(INTEROP)
	@echo "make: installing the locked frameworks into $(INTEROP)"
	@$(INTEROP)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/interop.txt
	@touch $@

interop: $(STAMP) $(INTEROP)/.installed ## LangChain and LlamaIndex through the gateway, the models emulated
	@$(INTEROP)/bin/python -m pytest -c interop/pytest.ini interop $(INTEROP_ARGS)

docs: $(STAMP) ## Write the generated parts of the documentation
	@$(BIN)/python scripts/docs.py
	@$(BIN)/python scripts/conformance.py
	@$(BIN)/python scripts/reasoning.py

fuzz: $(STAMP) ## The property tests with many more examples
	@HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest -n auto tests/unit

soak: $(STAMP) ## 10,000 mixed requests: the emulated vendors' bill beside the ledger
	@FAIRLEAD_SOAK_REQUESTS=$${FAIRLEAD_SOAK_REQUESTS:-10000} $(BIN)/python -m pytest tests/integration/test_bill_equals_ledger.py

limits: $(STAMP) ## 100,000 generated requests and the recorded ones: no policy breaks a hard limit
	@$(BIN)/python -m benchmarks.hard_limits $(LIMITS_ARGS)

whatif: $(STAMP) ## What-if against the truth: days are run, predicted, and run the other way
	@$(BIN)/python -m benchmarks.whatif_truth $(WHATIF_ARGS)

mixed: $(STAMP) ## A mixed day of sessions: cost of policies, single models and chance
	@$(BIN)/python -m benchmarks.mixed_day $(MIXED_ARGS)

rollout: $(STAMP) ## Canaries on made-up days: false alarms under looks at any time, harm found
	@$(BIN)/python -m benchmarks.canary_days $(ROLLOUT_ARGS)

chaos: $(STAMP) ## 10,000 requests over three deployments whose vendors do everything wrong
	@$(BIN)/python -m benchmarks.chaos $(CHAOS_ARGS)

proxies: $(STAMP) ## Upstreams through Debian's tinyproxy and microsocks, with mutual TLS
	@scripts/proxies.sh $(PROXIES_ARGS)

routing-study: $(STAMP) ## The learned scorer on public results: 10 x 5 folds, beside length only
	@$(BIN)/python -m benchmarks.routing_study $(STUDY_ARGS)

$(BACKTEST)/.installed: requirements/backtest.txt scripts/python_version.py
	@$(PYTHON) scripts/python_version.py
	@test -x $(BACKTEST)/bin/python || $(PYTHON) -m venv $(BACKTEST)
	@echo "make: installing what the forecast is measured against into $(BACKTEST)"
	@$(BACKTEST)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/backtest.txt
	@touch $@

backtest: $(BACKTEST)/.installed ## The forecast on synthetic and public series, beside plain ones
	@PYTHONPATH=src $(BACKTEST)/bin/python scripts/backtest_forecast.py $(BACKTEST_ARGS)

lock: $(STAMP) ## Lock the dependencies anew (for maintainers)
	@for set in "runtime" "dev --group dev" "interop --group interop" "backtest --group backtest" "finance --extra finance"; do \
		set -- $$set; name=$$1; shift; \
		$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
			--python-version 3.11 pyproject.toml --extra demo $$@ -o requirements/$$name.txt; \
	done

clean: ## Remove what the verbs made
	@rm -rf $(VENV) $(INTEROP) $(BACKTEST) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache bench-results
