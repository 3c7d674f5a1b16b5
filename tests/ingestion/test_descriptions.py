"""What dbt says of the models is asked once for each project."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.descriptions import descriptions
from ingestion.settings import Settings, load_settings
from ingestion.transform import Described


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """How a project of one file described itself, each time that dbt was asked."""
    asked: list[str] = []

    def describe_models(_settings: Settings) -> dict[str, Described]:
        said = (tmp_path / "dbt_project.yml").read_text()
        asked.append(said)
        return {"fct_plays": Described(said, {"listener": "Whose."}, (("listener", "day"),))}

    monkeypatch.setattr("ingestion.descriptions.describe_models", describe_models)
    monkeypatch.setenv("DBT_PROJECT_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "dbt_project.yml").write_text("one")
    return asked


def test_dbt_is_asked_again_when_the_project_is_another(asked: list[str], tmp_path: Path) -> None:
    first = descriptions(load_settings())
    assert descriptions(load_settings()) == first
    assert asked == ["one"]

    (tmp_path / "dbt_project.yml").write_text("another")
    assert descriptions(load_settings())["fct_plays"].description == "another"
    assert asked == ["one", "another"]


@pytest.mark.parametrize("content", ["", "{", '{"project": "?"}', "[]"])
def test_a_damaged_file_is_as_none(asked: list[str], tmp_path: Path, content: str) -> None:
    first = descriptions(load_settings())
    [kept] = (tmp_path / "cache" / "spotify-elt").iterdir()
    kept.write_text(content)

    assert descriptions(load_settings()) == first
    assert asked == ["one", "one"]
