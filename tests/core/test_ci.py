"""What checks a change: the hosted workflow runs what developers run; checks before a commit need nothing fetched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.prefix) / "bin"
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(BIN / words[0]), *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_workflow_is_well_formed() -> None:
    done = run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(WORKFLOW))
    assert done.returncode == 0, done.stdout


def test_the_workflow_runs_the_script_of_developers_on_the_whole_history_and_keeps_nothing() -> None:
    workflow = read(WORKFLOW)
    (job,) = workflow["jobs"].values()
    steps = job["steps"]
    assert [s["run"] for s in steps if ".ci/run" in s.get("run", "")] == ["bash .ci/run"]
    (checkout,) = [s for s in steps if s.get("uses", "").startswith("actions/checkout@")]
    assert checkout["with"] == {"fetch-depth": 0, "persist-credentials": False}
    assert [s for s in steps if "uses" in s] == [checkout]
    assert workflow["permissions"] == {"contents": "read"}
    assert "secrets" not in WORKFLOW.read_text("utf-8")


def test_checks_before_a_commit_use_the_tools_of_the_environment() -> None:
    config = ROOT / ".pre-commit-config.yaml"
    done = run("pre-commit", "validate-config", str(config))
    assert done.returncode == 0, done.stdout
    (repository,) = read(config)["repos"]
    assert repository["repo"] == "local"
    programs = [Path(hook["entry"].split()[0]) for hook in repository["hooks"]]
    assert {hook["language"] for hook in repository["hooks"]} == {"system"}
    assert {p.parent.as_posix() for p in programs} == {".venv/bin"}
    assert [p.name for p in programs if not (BIN / p.name).exists()] == []
    assert {"ruff", "mypy"} <= {p.name for p in programs}
