# FUSAR for QGIS. On a fresh Debian 12 machine `make demo` and `make test` do everything, set-up included.
PYTHON ?= python3
export PYTHON TORCH_INDEX
VENV := .venv/bin
OUT ?= out
JOBS ?= 2
# Files of tests side by side, each in a thread of its own: of a core, two want more than they give.
TOGETHER = OMP_NUM_THREADS=1 $(VENV)/python -m pytest -n $(JOBS) --dist loadfile

.PHONY: help setup lock setup-model setup-train setup-worker setup-docs train-7b-dry nano ablation demo test test-desktop qgis package test-qgis-all lint docs notebook bench sample clean distclean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## the two environments: .venv (engine) and .venv-qgis (QGIS's Python + test tools)
	@scripts/setup.sh engine qgis

setup-model: ## torch (CPU build), transformers and peft into .venv
	@scripts/setup.sh engine model

setup-train: ## what training needs besides, into .venv
	@scripts/setup.sh engine model train

setup-worker: ## Ray Serve and FastAPI into .venv
	@scripts/setup.sh engine model worker

lock: setup ## resolve all packages anew: locks/ with versions and hashes, docs/licences.md with their licences
	$(VENV)/python scripts/lock.py
	@scripts/setup.sh engine model train worker docs
	$(VENV)/python scripts/licences.py

setup-docs: ## the builder of the documentation site into .venv
	@scripts/setup.sh engine docs

train-7b-dry: setup setup-model ## parameters, memory of each GPU and time of training at 7B, without running it
	$(VENV)/python -m training.estimate fusar-gpt-7b

nano: setup setup-train ## fusar-nano from nothing: data, base, model (hours on two cores; goes on where it was)
	$(VENV)/python -m training.make_nano --work $(OUT)/nano --out resources/models/fusar-nano

ablation: setup setup-train ## none, sum, concat, TLM; with and without stage 1; controls (hours; goes on where it was)
	$(VENV)/python -m training.ablation --work $(OUT)/nano
	$(VENV)/python -m training.evaluation.ablation_table $(OUT)/nano/ablation --out $(OUT)/ablation \
		--data $(OUT)/nano/test/triplets_1.0.jsonl

demo: setup setup-model ## interpret the sample scene with cfar and fusar-nano: GeoPackage, shapefile, map
	@scripts/demo.sh $(OUT)

test: setup setup-model setup-train setup-worker lint docs ## every test
	$(TOGETHER) tests/core
	$(TOGETHER) tests/model
	$(TOGETHER) tests/training
	$(TOGETHER) tests/worker
	QT_QPA_PLATFORM=offscreen .venv-qgis/bin/python -m pytest -c tests/qgis/pytest.ini tests/qgis

qgis: package ## QGIS Desktop with the plugin and the sample scene, in a throw-away profile
	@python3 scripts/open_qgis.py --zip dist/fusar_qgis.zip --shot $(OUT)/qgis.png

test-desktop: package ## a new user's first session in QGIS Desktop under Xvfb
	$(VENV)/python -m pytest tests/e2e

package: setup ## dist/fusar_qgis.zip, the plugin as QGIS installs it; RELEASE=1 refuses placeholder addresses
	$(VENV)/python scripts/package.py $(if $(filter-out 0,$(RELEASE)),--release)

test-qgis-all: package ## the zip in QGIS 3.22, 3.40 and 3.44 (QGIS_TOOLS=folder with mk_chroot.sh and run_in.sh; root)
	scripts/qgis_matrix.sh

lint: setup setup-model ## ruff, mypy
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy

docs: setup-docs ## the documentation site, out/site; a link that leads nowhere fails it
	$(VENV)/python scripts/build_site.py --out $(OUT)/site

notebook: setup setup-model ## run the notebook of the documentation again and keep its outputs
	$(VENV)/python scripts/run_notebook.py

bench: setup setup-model setup-worker setup-train ## speed and memory, written to out/bench
	$(VENV)/python -m benchmarks --out $(OUT)/bench

sample: setup ## make the sample scene again from its script
	$(VENV)/python resources/sample/make_sample.py

clean: ## remove what the targets above made
	rm -rf $(OUT) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

distclean: clean ## and the environments
	rm -rf .venv .venv-qgis
