# Everything a newcomer needs: `make demo`, `make test`. Each does all set-up once, then its job.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TORCH := torch==2.13.0
export PIP_DISABLE_PIP_VERSION_CHECK := 1
PLUGIN := daw_clients/plugin
ALONE := tests/plugin tests/bench tests/examples tests/cli/test_serve.py
PLUGIN_BUILD := build/plugin
PLUGIN_JOBS ?= 2
BITWIG := daw_clients/bitwig

.PHONY: demo test lint format docs bench soak vectors clean help
.PHONY: bench-plugin plugin plugin-test install-plugin uninstall-plugin plugin-release bitwig-extension
help:
	@echo "make demo    start an engine and a simulated DAW; writes out/demo/ (MODEL=, SOURCE=)"
	@echo "make test    run the tests"
	@echo "make lint    ruff, mypy (strict), import contracts"
	@echo "make bench   the engine against diffusers and a plain loop; writes out/bench/engine.json"
	@echo "make soak    10,000 changes over random songs and hosts; writes out/soak/promises.json"
	@echo "make docs    the generated pages and pictures in docs/"
	@echo "make plugin  the plugin as LV2, VST3 and CLAP, in build/plugin/bin/"
	@echo "make install-plugin    puts it into ~/.lv2, ~/.vst3 and ~/.clap (PREFIX, DESTDIR)"
	@echo "make uninstall-plugin  takes it out of there"
	@echo "make bitwig-extension  Bitwig's extension for ZeroMQ, in build/bitwig/"
	@echo "make plugin-test       the tests of its C++ code"
	@echo "make bench-plugin      what a block of it costs a host; writes out/bench/plugin.json"
	@echo "make plugin-release    for any Linux on x86-64, in dist/"

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Anacrusis needs Python 3.11 or newer: run make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 2; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Python's venv is missing; on Debian: apt-get install python3-venv"; exit 2; }
	@echo "Setting up $(VENV), once (a few minutes)..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet $(TORCH)
	@$(BIN)/python -m pip install --quiet --editable '.[engine,dev]'
	@touch $@

demo: $(STAMP)
	@$(BIN)/anacrusis demo --out out/demo $(if $(SOURCE),--source "$(SOURCE)") $(if $(MODEL),--model "$(MODEL)")

# What plays in real time runs alone, after the rest.
test: $(STAMP)
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile $(addprefix --ignore=,$(ALONE))
	@$(BIN)/python -m pytest $(ALONE)

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(STAMP)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(STAMP)
	@$(BIN)/python -m bridge_protocol.generate.parameters_page docs/parameters.md
	@$(BIN)/python -m bridge_protocol.generate.reaper_jsfx "daw_clients/reaper/Anacrusis Lanes.jsfx"
	@$(BIN)/python -m bridge_protocol.generate.plugin_header daw_clients/plugin/generated/plugin_controls.hpp
	@$(BIN)/python -m bridge_protocol.generate.cpp_header daw_clients/plugin/generated/bridge_protocol.hpp
	@$(BIN)/python -m bridge_protocol.generate.es5_constants $(BITWIG)/controller/protocol_constants.js
	@$(BIN)/python -m bridge_protocol.generate.java_constants $(BITWIG)/extension/src/core/anacrusis/core/Protocol.java
	@$(BIN)/python benchmarks/ring_picture.py docs/ring.png
	@$(BIN)/python benchmarks/bar_journey_picture.py docs/bar_journey.png

bench: $(STAMP)
	@$(BIN)/anacrusis bench engine --json out/bench/engine.json

bench-plugin: $(STAMP) plugin
	@mkdir -p out/bench
	@PYTHONPATH=tests/plugin:tests $(BIN)/python benchmarks/bench_plugin.py --json out/bench/plugin.json

soak: $(STAMP)
	@PYTHONPATH=tests $(BIN)/python benchmarks/soak_promises.py --json out/soak/promises.json

vectors: $(STAMP)
	@$(BIN)/python -m bridge_protocol.conformance.vectors --write

bitwig-extension:
	@tools/install-packages $(BITWIG)/packages.txt
	@$(BITWIG)/extension/build.sh build/bitwig

plugin:
	@tools/install-packages $(PLUGIN)/packages.txt
	@mkdir -p $(PLUGIN_BUILD)
	@cmake -G Ninja -S $(PLUGIN) -B $(PLUGIN_BUILD) $(PLUGIN_OPTIONS) > $(PLUGIN_BUILD)/cmake.log || { cat $(PLUGIN_BUILD)/cmake.log; exit 2; }
	@cmake --build $(PLUGIN_BUILD) -- -j$(PLUGIN_JOBS) --quiet
	@$(PLUGIN)/make/sizes.sh $(PLUGIN_BUILD)/bin

plugin-test: PLUGIN_OPTIONS += -DANACRUSIS_TESTS=ON
plugin-test: PLUGIN_BUILD := build/plugin-test
plugin-test: plugin
	@ctest --test-dir $(PLUGIN_BUILD) --output-on-failure --timeout 120 -j$(PLUGIN_JOBS)

install-plugin: plugin
	@$(PLUGIN)/make/install.sh $(PLUGIN_BUILD)/bin

uninstall-plugin:
	@$(PLUGIN)/make/install.sh --remove

export PREFIX DESTDIR LV2_DIR VST3_DIR CLAP_DIR

plugin-release: $(STAMP)
	@tools/install-packages $(PLUGIN)/packages.txt
	@$(PLUGIN)/make/release.sh $(BIN)/python build/plugin-release dist

clean:
	rm -rf $(VENV) out build *.egg-info
