"""The image, the workflow and the script, as far as they can be tried without their clouds.

No image is built: that takes a Docker daemon. What its file copies is copied, and run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ingestion.cli import app
from ingestion.settings import PROJECT_ROOT, Settings
from ingestion.warehouse.schemas import SCHEMAS

DOCKERFILE = (PROJECT_ROOT / "Dockerfile").read_text()
WORKFLOW = PROJECT_ROOT / "deploy" / "github" / "collect.yml"
SCRIPT = PROJECT_ROOT / "deploy" / "google" / "deploy.sh"
VERBS = {getattr(command.callback, "__name__", "") for command in app.registered_commands}


def test_what_the_image_copies_is_all_that_a_run_needs(tmp_path: Path) -> None:
    image, home = tmp_path / "app", tmp_path / "home"
    image.mkdir()
    home.mkdir()
    for paths in re.findall(r"^COPY (?:--chown=\S+ )?(.+) \S+$", DOCKERFILE, re.MULTILINE):
        for path in (found for pattern in paths.split() for found in PROJECT_ROOT.glob(pattern)):
            if path.is_dir():
                ignore = shutil.ignore_patterns("target", "logs", "__pycache__")
                shutil.copytree(path, image / path.name, ignore=ignore)
            else:
                shutil.copy(path, image)
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(image)}
    parsed = subprocess.run(
        [sys.executable, "-m", "ingestion", "dbt", "parse"],
        env=environment | {"LISTENER_TIMEZONE": "Europe/Oslo", "PYTHONSAFEPATH": "1"},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert parsed.returncode == 0, parsed.stdout + parsed.stderr
    assert (image / "dbt_project" / "target").exists()
    assert list(home.rglob("*.py")) == []


def test_the_image_gets_what_the_makefile_installs_and_runs_as_nobody_else() -> None:
    makefile = (PROJECT_ROOT / "Makefile").read_text()
    for command in (
        "--no-deps --require-hashes -r requirements.lock",
        "--no-deps --no-build-isolation",
    ):
        assert command in DOCKERFILE
        assert command in makefile
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)[-1] == "collector"
    assert 'ENTRYPOINT ["spotify-elt"]' in DOCKERFILE
    for extra in ("postgres", "bigquery", "snowflake", "lake"):
        assert (PROJECT_ROOT / f"requirements-{extra}.lock").exists()


def test_nothing_else_of_this_folder_reaches_the_image() -> None:
    ignored = (PROJECT_ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*"
    let_in = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = re.findall(r"^COPY (?:--chown=\S+ )?(.+) \S+$", DOCKERFILE, re.MULTILINE)
    assert let_in == {path for paths in copied for path in paths.split()}


def test_the_workflow_runs_one_at_a_time_by_verbs_and_secrets_that_there_are() -> None:
    text = WORKFLOW.read_text()
    workflow = yaml.safe_load(text)
    assert workflow["concurrency"]["cancel-in-progress"] is False
    assert workflow["permissions"] == {"contents": "read"}
    [job] = workflow["jobs"].values()
    assert job["timeout-minutes"] <= 30
    variables = {*job["env"], *(name for step in job["steps"] for name in step.get("env", {}))}
    assert {name.lower() for name in variables} <= Settings.model_fields.keys()
    assert set(re.findall(r"secrets\.(\w+)", text)) == {"SPOTIFY_TOKENS_JSON", "POSTGRES_URL"}
    # YAML 1.1 reads `on` as true
    schedules = [each["cron"] for each in workflow[True]["schedule"]]
    [run] = [step["run"] for step in job["steps"] if "spotify-elt" in step.get("run", "")]
    assert re.findall(r"'(.+?)'", run) == [schedules[1], "build", "collect"]
    assert {"build", "collect"} <= VERBS
    # it is for others to copy: here it would run
    assert not (PROJECT_ROOT / ".github" / "workflows" / WORKFLOW.name).exists()


def test_the_script_names_what_is_missing_before_it_asks_google(tmp_path: Path) -> None:
    told = subprocess.run(
        ["/bin/sh", SCRIPT],
        env={"PATH": str(tmp_path), "PROJECT": "p"},
        capture_output=True,
        text=True,
    )
    assert told.returncode != 0
    assert "IMAGE: the image in the Artifact Registry" in told.stderr


def test_the_script_sets_variables_and_runs_verbs_that_there_are() -> None:
    text = SCRIPT.read_text()
    assignments = [line for line in text.splitlines() if "environment=" in line or "--set-" in line]
    given = re.findall(r"\b([A-Z][A-Z_]+)=", "\n".join(assignments))
    assert len(given) > 4
    assert {name.lower() for name in given} <= Settings.model_fields.keys()
    assert set(re.findall(r"^schedule (\w+)", text, re.MULTILINE)) <= VERBS
    [datasets] = re.findall(r"^for schema in (.+); do$", text, re.MULTILINE)
    assert set(datasets.split()) == set(SCHEMAS)


def test_the_scripts_are_clean_by_shellcheck() -> None:
    if (shellcheck := shutil.which("shellcheck", path=str(Path(sys.executable).parent))) is None:
        pytest.skip("the extra `warehouses` is not installed")
    scripts = [SCRIPT, PROJECT_ROOT / "tests" / "install_programs.sh"]
    told = subprocess.run([shellcheck, *scripts], capture_output=True, text=True)
    assert told.returncode == 0, told.stdout
