"""`spotify-elt doctor`: what it finds, and the cure it names."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from ingestion.settings import Settings
from ingestion.spotify_api.tokens import SignIn
from simulator.web_api import Service
from tests.programs import free_port
from tests.spotify_api.conftest import spotify_elt

pytestmark = pytest.mark.usefixtures("service")


@pytest.fixture
def signed_in_now(service: Service, sign_in: Callable[..., SignIn]) -> Callable[..., SignIn]:
    """Sign in by the clock of this machine, which `doctor` goes by."""
    service.clock.now = datetime.now(UTC)

    def store(days_ago: float = 1, **fields: object) -> SignIn:
        return sign_in(authorised_at=datetime.now(UTC) - timedelta(days=days_ago), **fields)

    return store


def test_all_is_well(
    environment: dict[str, str],
    signed_in_now: Callable[..., SignIn],
    service: Service,
) -> None:
    signed_in_now()
    path = Path(environment["DUCKDB_PATH"])
    duckdb.connect(str(path)).close()
    before = path.read_bytes()

    result = spotify_elt(environment, "doctor")

    assert result.returncode == 0, result.stdout
    assert result.stderr == ""
    assert "✗" not in result.stdout
    for words in (
        "duckdb 1.5.5",
        "settings   can be used",
        "opens and can be written",
        "GB free",
        f"{service.client_id}, without a secret (PKCE)",
        "answers",
        "agrees with Spotify's",
        "signed in until",
        "is Example me on Spotify",
        "granted all that is collected",
    ):
        assert words in result.stdout, words
    assert len([call for call in service.calls if call.status == 200]) == 2, "token and profile"
    assert path.read_bytes() == before


def test_without_any_sign_in_it_says_where_to_begin_and_is_content(
    environment: dict[str, str],
) -> None:
    del environment["SPOTIFY_CLIENT_ID"]

    result = spotify_elt(environment, "doctor")

    assert result.returncode == 0, result.stdout
    assert "– sign-in    nobody is signed in: spotify-elt login" in result.stdout  # noqa: RUF001
    assert "the first run makes it" in result.stdout
    assert not Path(environment["DUCKDB_PATH"]).exists()
    assert not Path(environment["SPOTIFY_TOKENS"]).parent.exists()


def found_wrong(environment: dict[str, str]) -> str:
    """The one line with a cross."""
    result = spotify_elt(environment, "doctor")
    assert result.returncode == 1, result.stdout
    assert result.stderr == ""
    [line] = [line for line in result.stdout.splitlines() if line.startswith("✗")]
    return line


def test_a_setting_that_cannot_be_used_is_named(environment: dict[str, str]) -> None:
    assert "MAX_CALLS" in found_wrong(environment | {"MAX_CALLS": "many"})


def test_a_sign_in_that_has_ended_is_named_with_the_cure(
    environment: dict[str, str],
    signed_in_now: Callable[..., SignIn],
) -> None:
    signed_in_now(days_ago=200)
    result = spotify_elt(environment, "doctor")

    assert result.returncode == 1
    assert "the sign-in has ended" in result.stdout
    assert result.stdout.count("spotify-elt login --listener me") == 2


def test_a_sign_in_that_ends_soon_is_told_and_is_no_trouble_yet(
    environment: dict[str, str],
    signed_in_now: Callable[..., SignIn],
) -> None:
    signed_in_now(days_ago=175)
    result = spotify_elt(environment, "doctor")

    assert result.returncode == 0, result.stdout
    assert "– me         me: the sign-in ends in" in result.stdout  # noqa: RUF001


def test_a_revoked_sign_in_is_found(
    environment: dict[str, str],
    signed_in_now: Callable[..., SignIn],
    service: Service,
) -> None:
    signed_in_now()
    service.revoke()

    assert "spotify-elt login --listener me" in found_wrong(environment)


def test_a_scope_that_is_missing_is_found(
    environment: dict[str, str],
    signed_in_now: Callable[..., SignIn],
) -> None:
    signed_in_now(scopes={"user-read-recently-played", "user-read-private"})

    assert "did not grant" in found_wrong(environment)


def test_an_account_that_the_app_may_not_ask_is_found(
    environment: dict[str, str],
    signed_in_now: Callable[..., SignIn],
    service: Service,
) -> None:
    signed_in_now()
    service.faults.next("forbidden", times=None)

    assert "must add this account under User Management" in found_wrong(environment)


def test_a_rate_limit_is_told_and_is_no_trouble(
    environment: dict[str, str],
    signed_in_now: Callable[..., SignIn],
    service: Service,
) -> None:
    signed_in_now()
    service.faults.next("rate_limited_for_a_day")
    result = spotify_elt(environment, "doctor")

    assert result.returncode == 0, result.stdout
    assert "no more calls before" in result.stdout


def test_no_call_is_made_while_spotify_wants_none(
    environment: dict[str, str],
    signed_in_now: Callable[..., SignIn],
    service: Service,
) -> None:
    signed_in_now()
    with duckdb.connect(environment["DUCKDB_PATH"]) as connection:
        connection.execute("create schema spotify_api")
        connection.execute(
            "create table spotify_api.collection_runs as select 'another' as listener,"
            f" '{service.client_id}' as client_id, now() + interval 3 hour as try_later_until"
        )
    result = spotify_elt(environment, "doctor")

    assert result.returncode == 0, result.stdout
    assert "not asked: Spotify wants no calls before" in result.stdout
    assert [call.status for call in service.calls] == [401], "only who needs no sign-in may ask"


def test_a_network_that_is_down_is_found(environment: dict[str, str]) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/v1"

    assert "no connection" in found_wrong(environment | {"SPOTIFY_API_URL": nowhere})


def test_a_warehouse_that_is_open_elsewhere_is_found(environment: dict[str, str]) -> None:
    with duckdb.connect(environment["DUCKDB_PATH"]):
        assert "open in another program" in found_wrong(environment)


def test_a_warehouse_that_is_none_is_found(environment: dict[str, str]) -> None:
    Path(environment["DUCKDB_PATH"]).write_bytes(os.urandom(5_000))

    assert "cannot use the warehouse" in found_wrong(environment)


def test_a_damaged_token_file_is_found(
    environment: dict[str, str],
    settings: Settings,
) -> None:
    settings.spotify_tokens.parent.mkdir()
    settings.spotify_tokens.write_text("{")
    settings.spotify_tokens.chmod(0o600)

    assert "remove it and sign in again" in found_wrong(environment)
