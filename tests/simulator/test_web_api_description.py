"""Every endpoint's answer held against the OpenAPI description of the real Web API."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
import yaml
from jsonschema.exceptions import best_match

from simulator import World
from simulator.web_api import Contract, Service, serve

DESCRIPTION = Path(__file__).resolve().parents[3] / "shared" / "reference" / "spotify-open-api.yml"
pytestmark = pytest.mark.skipif(not DESCRIPTION.exists(), reason=f"no {DESCRIPTION.name}")

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)
# Real answers hold nulls here, which the description does not know.
REALLY_NULL = {
    ("PlayHistoryObject", "context"),
    ("CursorPagingObject", "next"),
    ("CursorPagingObject", "cursors"),
    ("CursorObject", "after"),
    ("PlaylistTrackObject", "item"),
    ("PlaylistTrackObject", "track"),
}
# Fields that real answers hold now and then only.
OCCASIONAL = {
    "restrictions", "isrc", "ean", "upc", "before", "total", "album_group",
}  # fmt: skip
# What development-mode apps lost, wherever it stood.
GONE = {
    "artist": {"followers", "popularity"},
    "album": {"album_group", "available_markets", "label", "popularity"},
    "track": {"available_markets", "linked_from", "popularity"},
    "user": {"country", "email", "explicit_content", "followers", "product"},
    "playlist": {"tracks"},
}
OFFSET_PAGED = [
    ("/me/top/tracks?time_range=short_term&limit=50", "/me/top/tracks"),
    ("/me/top/artists?time_range=long_term", "/me/top/artists"),
    ("/me/playlists", "/me/playlists"),
    ("/me/tracks?limit=50&offset=50", "/me/tracks"),
    ("/me/albums", "/me/albums"),
    ("/me/shows", "/me/shows"),
    ("/me/episodes", "/me/episodes"),
    ("/me/audiobooks", "/me/audiobooks"),
    ("/albums/{album}/tracks?limit=3", "/albums/{id}/tracks"),
    ("/artists/{artist}/albums", "/artists/{id}/albums"),
    ("/shows/{show}/episodes", "/shows/{id}/episodes"),
    ("/audiobooks/{audiobook}/chapters", "/audiobooks/{id}/chapters"),
]
IN_BOTH = [
    *OFFSET_PAGED,
    ("/me", "/me"),
    ("/me/player/recently-played", "/me/player/recently-played"),
    ("/me/player/recently-played?before=1", "/me/player/recently-played"),
    ("/me/following?type=artist&limit=10", "/me/following"),
    ("/playlists/{playlist}", "/playlists/{playlist_id}"),
    ("/playlists/{playlist}/items", "/playlists/{playlist_id}/items"),
    ("/tracks/{track}", "/tracks/{id}"),
    ("/albums/{album}", "/albums/{id}"),
    ("/artists/{artist}", "/artists/{id}"),
    ("/shows/{show}", "/shows/{id}"),
    ("/episodes/{episode}", "/episodes/{id}"),
    ("/audiobooks/{audiobook}", "/audiobooks/{id}"),
    ("/chapters/{chapter}", "/chapters/{id}"),
    ("/search?q=the&type=track,artist,album,show,episode,audiobook", "/search"),
]
IN_EXTENDED = [
    ("/playlists/{playlist}/tracks", "/playlists/{playlist_id}/tracks"),
    ("/tracks?ids={track}", "/tracks"),
    ("/albums?ids={album}", "/albums"),
    ("/artists?ids={artist}", "/artists"),
    ("/shows?ids={show}", "/shows"),
    ("/episodes?ids={episode}", "/episodes"),
    ("/audiobooks?ids={audiobook}", "/audiobooks"),
    ("/chapters?ids={chapter}", "/chapters"),
    ("/audio-features?ids={track}", "/audio-features"),
    ("/audio-features/{track}", "/audio-features/{id}"),
]


@pytest.fixture(scope="module")
def development(world: World) -> Iterator[Service]:
    with serve(world, now=NOW) as service:
        yield service


@pytest.fixture(scope="module")
def extended(world: World) -> Iterator[Service]:
    with serve(world, now=NOW, contract="extended") as service:
        yield service


@pytest.mark.parametrize(("path", "described"), IN_BOTH, ids=[path for path, _ in IN_BOTH])
def test_development_answers_hold_every_field_that_is_left(
    development: Service, path: str, described: str
) -> None:
    answer = ask(development, path)
    assert mismatch(described, "development", answer) is None
    for found in objects(answer):
        assert not GONE.get(str(found.get("type")), set()) & found.keys(), found


@pytest.mark.parametrize(
    ("path", "described"),
    [*IN_BOTH, *IN_EXTENDED],
    ids=[path for path, _ in [*IN_BOTH, *IN_EXTENDED]],
)
def test_extended_answers_are_as_described(extended: Service, path: str, described: str) -> None:
    assert mismatch(described, "extended", ask(extended, path)) is None


@pytest.mark.parametrize(("path", "_"), IN_EXTENDED)
def test_what_development_apps_lost_is_forbidden_and_described(
    development: Service, path: str, _: str
) -> None:
    response = get(development, path)
    assert response.status_code == 403
    assert response.json() == {"error": {"status": 403, "message": "Forbidden"}}


@pytest.mark.parametrize("path", [path for path, _ in OFFSET_PAGED])
def test_a_page_holds_rows_to_look_at(extended: Service, path: str) -> None:
    assert ask(extended, path)["items"]


def get(service: Service, path: str) -> requests.Response:
    """The answer to a path in which kinds in braces stand for ids of what the listener has."""
    account = service.account()
    ids = {
        kind: next(iter(getattr(service.shelf, f"{kind}s")))
        for kind in ("track", "album", "artist", "show", "episode", "audiobook", "chapter")
    }
    ids["playlist"] = account.playlists[0].id
    headers = {"Authorization": f"Bearer {service.access_token()}"}
    return requests.get(service.api_url + path.format(**ids), headers=headers, timeout=10)


def ask(service: Service, path: str) -> dict[str, Any]:
    """The JSON of an answer, without local files: their nulls are real, and not described."""
    response = get(service, path)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    for found in [answer, answer.get("items"), answer.get("tracks")]:
        if isinstance(found, dict) and isinstance(found.get("items"), list):
            found["items"] = [row for row in found["items"] if not row.get("is_local")]
    return answer


def objects(answer: object) -> Iterator[dict[str, Any]]:
    """Every JSON object in an answer."""
    if isinstance(answer, dict):
        yield answer
        for value in answer.values():
            yield from objects(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from objects(value)


def mismatch(path: str, contract: Contract, answer: object) -> str | None:
    """How an answer differs from what the description says of a path's 200; None if it does not."""
    description = yaml.load(DESCRIPTION.read_text(), Loader=yaml.CSafeLoader)
    components = description["components"]
    for name, schema in components["schemas"].items():
        restate(schema, name, contract)
    for name, response in components["responses"].items():
        restate(response, name, contract)
    reference = description["paths"][path]["get"]["responses"]["200"]["$ref"]
    content = components["responses"][reference.rpartition("/")[2]]["content"]
    validator = jsonschema.Draft202012Validator(
        {**content["application/json"]["schema"], "components": components}
    )
    error = best_match(validator.iter_errors(answer))
    return f"{error.json_path}: {error.message[:300]}" if error else None


def restate(schema: object, name: str, contract: Contract) -> None:
    """OpenAPI 3.0 in the words of JSON Schema; in place.

    Development answers must hold every field that is not deprecated, extended ones those that the
    description requires.
    """
    if isinstance(schema, list):
        for part in schema:
            restate(part, name, contract)
    if not isinstance(schema, dict):
        return
    if contract == "development":
        schema.pop("required", None)
    properties = schema.get("properties")
    if isinstance(properties, dict):
        kept = {field for field, about in properties.items() if not about.get("deprecated")}
        if contract == "development" and name != "SearchItems":
            schema["required"] = sorted(kept - OCCASIONAL)
        for field, about in properties.items():
            if (name, field) in REALLY_NULL:
                properties[field] = {"anyOf": [about, {"type": "null"}]}
    for part in list(schema.values()):
        restate(part, name, contract)
    if schema.get("nullable") is True:
        schema["type"] = [schema["type"], "null"]
