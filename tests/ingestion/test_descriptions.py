"""What dbt says of the models is asked once for each project, if no build has kept it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ingestion.descriptions import Described
from ingestion.settings import Settings, load_settings
from ingestion.transform import describe_models


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """How a project of one file described itself, each time that dbt was asked."""
    asked: list[str] = []

    def parsed(_settings: Settings) -> list[Any]:
        said = (tmp_path / "dbt_project.yml").read_text()
        asked.append(said)
        listener = SimpleNamespace(name="listener", description="Whose\n it is.\n")
        model = {"resource_type": "model", "name": "fct_plays", "description": said}
        columns = {"columns": {"listener": listener}}
        config = {"config": {"indexes": [{"columns": ["listener", "day"]}]}}
        return [
            SimpleNamespace(**model, **columns, **config),
            SimpleNamespace(resource_type="test", name="integrity_fct_plays"),
        ]

    monkeypatch.setattr("ingestion.transform._parsed", parsed)
    monkeypatch.setenv("DBT_PROJECT_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "dbt_project.yml").write_text("one")
    return asked


def test_dbt_is_asked_again_when_the_project_is_another(asked: list[str], tmp_path: Path) -> None:
    first = describe_models(load_settings())
    assert first == {
        "fct_plays": Described("one", {"listener": "Whose it is."}, (("listener", "day"),))
    }
    assert describe_models(load_settings()) == first
    assert asked == ["one"]

    (tmp_path / "dbt_project.yml").write_text("another")
    assert describe_models(load_settings())["fct_plays"].description == "another"
    assert asked == ["one", "another"]


@pytest.mark.parametrize("content", ["", "{", '{"project": "?"}', "[]"])
def test_a_damaged_file_is_as_none(asked: list[str], tmp_path: Path, content: str) -> None:
    first = describe_models(load_settings())
    [kept] = (tmp_path / "cache" / "spotify-elt").iterdir()
    kept.write_text(content)

    assert describe_models(load_settings()) == first
    assert asked == ["one", "one"]
