"""Whole collections: what is kept when they are killed, refused, locked out or told to wait."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import duckdb
import pytest

from ingestion.errors import WarehouseError
from ingestion.settings import PROJECT_ROOT, Settings
from ingestion.spotify_api import collecting
from ingestion.spotify_api.client import SpotifyClient
from ingestion.spotify_api.collecting import Collector, Outcome, collect_once
from ingestion.spotify_api.lists import saved_items
from ingestion.spotify_api.plays import recently_played
from ingestion.spotify_api.sign_in import SCOPES
from ingestion.spotify_api.spool import Answer, Spool, stored
from ingestion.spotify_api.state import Memory
from ingestion.spotify_api.store import Store, ensure_tables, told_to_wait_until
from ingestion.spotify_api.tables import RAW_TABLES
from ingestion.spotify_api.tokens import TokenFile
from ingestion.warehouse import open_warehouse
from simulator import World, imagine
from simulator.web_api import Service, serve
from tests.spotify_api.conftest import asked, spotify_elt

Collect = Callable[..., Outcome]
Query = Callable[[str], list[tuple[Any, ...]]]


def declared() -> dict[str, set[str]]:
    return {name: set(columns) for table in RAW_TABLES for name, columns in table.tables.items()}


def present(settings: Settings) -> dict[str, set[str]]:
    with open_warehouse(settings) as warehouse:
        types = warehouse.column_types("spotify_api")
    return {
        table: {column for column in columns if not column.startswith("_dlt_")}
        for table, columns in types.items()
        if not table.startswith("_dlt_")
    }


def test_every_declared_table_and_column_is_there_without_any_sign_in(settings: Settings) -> None:
    with open_warehouse(settings) as warehouse:
        ensure_tables(warehouse)
    assert present(settings) == declared()
    with open_warehouse(settings) as warehouse:
        types = warehouse.column_types("spotify_api")
        started = time.perf_counter()
        ensure_tables(warehouse)
        assert time.perf_counter() - started < 1
    assert types["recently_played"]["played_at"] == "TIMESTAMP WITH TIME ZONE"
    assert types["tracks"]["popularity"] == "BIGINT"
    assert types["tracks__artists"]["_dlt_parent_id"] == "VARCHAR"


def test_a_collection_adds_no_column_that_is_not_declared_and_nothing_private(
    collect: Collect, settings: Settings, query: Query
) -> None:
    outcome = collect()
    assert outcome.outcome == "complete"
    assert present(settings) == declared()
    assert query("select count(*) from users") == [(1,)]
    ((calls, rows),) = query(
        "select sum(calls), sum(rows) from collection_runs__resources"
        " where _dlt_parent_id = (select _dlt_id from collection_runs)"
    )
    assert (calls, rows) == (outcome.calls, sum(outcome.rows.values()))
    assert query("select listener, outcome, calls from collection_runs") == [
        ("me", "complete", outcome.calls)
    ]


def test_a_field_that_spotify_adds_or_types_anew_is_kept_in_a_column_of_its_own(
    collect: Collect, settings: Settings, query: Query
) -> None:
    collect(max_calls=1)
    track = {"observed_at": "2026-01-01T00:00:00Z", "id": "x", "mood": "blue", "popularity": "high"}
    Spool(settings, "me").add(Answer([("tracks", track)]), datetime.now(UTC))
    collect(max_calls=0)
    assert query("select mood, popularity, popularity__v_text from tracks where id = 'x'") == [
        ("blue", None, "high")
    ]


def test_no_call_is_made_before_spotify_wants_one_and_the_next_day_it_goes_on(
    collect: Collect, service: Service, query: Query
) -> None:
    service.faults.next("rate_limited_for_a_day", paths="/v1/me/top/*")
    outcome = collect()
    assert outcome.outcome == "try_later"
    assert outcome.try_later_until is not None
    assert outcome.rows["recently_played"] == 50
    assert not outcome.needs_attention
    made = len(service.calls)

    assert collect().outcome == "try_later"
    assert len(service.calls) == made

    service.clock.now = outcome.try_later_until
    assert collect(max_calls=30).outcome != "try_later"
    assert [row[0] for row in query("select outcome from collection_runs order by ended_at")][
        :2
    ] == [
        "try_later",
        "try_later",
    ]


def test_a_dead_sign_in_wants_attention_and_a_new_one_mends_it(
    collect: Collect, sign_in: Callable[..., Any], service: Service
) -> None:
    service.revoke("me")
    dead = collect()
    assert (dead.outcome, dead.needs_attention) == ("sign_in_needed", True)
    assert "spotify-elt login" in (dead.message or "")
    sign_in()
    assert collect(max_calls=2).rows["recently_played"] == 50


class TestAScopeThatIsMissing:
    """The listener has not allowed all; Spotify says so with a 403 for each list."""

    ALL_BUT_TOP = frozenset(SCOPES) - {"user-top-read"}

    def test_the_rest_is_collected_and_the_lack_asked_again_rarely(
        self, collect: Collect, sign_in: Callable[..., Any], service: Service, query: Query
    ) -> None:
        sign_in(scopes=self.ALL_BUT_TOP)
        outcome = collect()
        assert outcome.outcome == "scope_missing"
        assert outcome.needs_attention
        assert "user-top-read" in (outcome.not_allowed or "")
        assert "spotify-elt login --listener me" in (outcome.not_allowed or "")
        assert query("select count(*) from recently_played") == [(50,)]
        assert query("select count(*) > 0 from saved_tracks") == [(True,)]
        assert query("select id from tracks__artists except select id from artists") == []
        noted = "select endpoint, scope from endpoint_refusals where scope is not null order by 1"
        refused = [("top_artists", "user-top-read"), ("top_tracks", "user-top-read")]
        assert query(noted) == refused
        assert query("select outcome, message from collection_runs") == [
            ("scope_missing", outcome.not_allowed)
        ]

        service.clock.advance(timedelta(hours=1))
        again = collect()
        assert again.needs_attention
        assert again.not_allowed == outcome.not_allowed
        assert query(noted) == refused
        service.clock.advance(timedelta(days=2))
        collect()
        assert query(noted) == sorted(refused * 2)
        service.clock.advance(timedelta(days=20))
        assert collect().needs_attention
        assert query(noted) == sorted(refused * 2)

    def test_without_the_plays_the_lists_and_the_catalogue_still_come(
        self, collect: Collect, sign_in: Callable[..., Any], service: Service, query: Query
    ) -> None:
        sign_in(scopes=set(SCOPES) - {"user-read-recently-played"})
        outcome = collect()
        assert (outcome.outcome, outcome.needs_attention) == ("sign_in_needed", True)
        assert query("select count(*) from recently_played") == [(0,)]
        assert query("select count(*) > 0 from top_tracks") == [(True,)]
        assert query("select count(*) > 0 from artists") == [(True,)]

        service.clock.advance(timedelta(hours=1))
        made = len(service.calls)
        assert collect().needs_attention
        assert not [call for call in service.calls[made:] if "recently-played" in call.path]

    def test_the_next_sign_in_is_asked_at_once(
        self, collect: Collect, sign_in: Callable[..., Any], service: Service, query: Query
    ) -> None:
        sign_in(scopes=self.ALL_BUT_TOP)
        assert collect(max_calls=40).needs_attention
        service.clock.advance(timedelta(minutes=1))
        sign_in()
        outcome = collect(max_calls=40)
        assert not outcome.needs_attention
        assert query("select count(*) > 0 from top_tracks") == [(True,)]

    def test_a_run_that_ends_early_tells_it_too(
        self, collect: Collect, sign_in: Callable[..., Any]
    ) -> None:
        sign_in(scopes=self.ALL_BUT_TOP)
        outcome = collect(max_calls=20)
        assert (outcome.outcome, outcome.needs_attention) == ("budget_spent", True)


def test_a_run_that_ends_early_tells_what_spotify_did_not_answer(
    collect: Collect, service: Service
) -> None:
    service.faults.next("server_error", paths="/v1/me/player/*", times=4)
    outcome = collect(max_calls=12)
    assert outcome.outcome == "budget_spent"
    assert "does not answer recently_played" in (outcome.unanswered or "")


def test_plays_that_are_refused_want_attention_and_the_rest_comes(
    collect: Collect, service: Service
) -> None:
    service.faults.next("forbidden", paths="/v1/me/player/*", times=None)
    outcome = collect(max_calls=12)
    assert outcome.needs_attention
    assert "User Management" in (outcome.not_allowed or "")
    assert outcome.rows["top_tracks"] > 0


@pytest.mark.parametrize("status", [400, 409, 451])
def test_a_list_that_is_refused_in_another_way_is_told_and_asked_again_a_day_later(
    collect: Collect, service: Service, query: Query, status: int
) -> None:
    service.faults.next("server_error", paths="/v1/me/following", times=None, status=status)
    outcome = collect()
    assert outcome.outcome == "complete"
    assert f"Spotify refuses followed_artists: {status}" in (outcome.unanswered or "")
    assert outcome.rows["playlists"] > 0
    assert query("select id from tracks__artists except select id from artists") == []
    ((message,),) = query("select message from collection_runs")
    assert "followed_artists" in message

    made = len(service.calls)
    assert collect().unanswered is None
    assert "/v1/me/following" not in {call.path for call in service.calls[made:]}
    service.clock.advance(timedelta(days=1))
    collect()
    assert "/v1/me/following" in {call.path for call in service.calls[made:]}


def test_plays_that_are_refused_in_another_way_want_attention(
    collect: Collect, service: Service
) -> None:
    service.faults.next("server_error", paths="/v1/me/player/*", times=None, status=409)
    outcome = collect(max_calls=12)
    assert outcome.needs_attention
    assert "Spotify refuses recently_played: 409" in (outcome.not_allowed or "")
    assert "Premium" not in (outcome.not_allowed or "")
    assert outcome.rows["top_tracks"] > 0


def test_a_list_that_is_gone_is_noted_and_not_asked_again(
    collect: Collect, service: Service, query: Query
) -> None:
    service.faults.next("server_error", paths="/v1/me/following", times=None, status=410)
    assert not collect().needs_attention
    made = len(service.calls)
    assert not collect().needs_attention
    assert not [call for call in service.calls[made:] if call.path == "/v1/me/following"]
    assert query("select status from endpoint_refusals where endpoint = 'followed_artists'") == [
        (410,)
    ]


def test_an_answer_of_another_shape_is_told_and_the_rest_comes(
    collect: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = SpotifyClient.call

    def odd(client: SpotifyClient, endpoint: str, ask: Callable[[Any], Any]) -> dict[str, Any]:
        answer = call(client, endpoint, ask)
        return {"items": "none"} if endpoint == "saved_albums" else answer

    monkeypatch.setattr(SpotifyClient, "call", odd)
    outcome = collect(max_calls=40)
    assert outcome.outcome == "budget_spent"
    assert "saved_albums: Spotify's answer is not of the shape known" in (outcome.unanswered or "")
    assert outcome.rows["followed_artists"] > 0


class TestTwoListeners:
    """Each with a world and a sign-in of their own, in one warehouse."""

    @pytest.fixture
    def service(self, world: World, now: datetime) -> Iterator[Service]:
        with serve({"me": world, "you": imagine(1_500, seed=12)}, now=now) as service:
            yield service

    def test_each_has_their_own_plays_cursor_and_trouble(
        self, collect: Collect, sign_in: Callable[..., Any], service: Service, query: Query
    ) -> None:
        sign_in("you")
        collect("me", max_calls=2)
        collect("you", max_calls=2)
        service.revoke("me")
        service.clock.advance(timedelta(hours=6))

        assert collect("me").needs_attention
        assert not collect("you", max_calls=1).needs_attention

        for listener in ("me", "you"):
            plays = query(
                f"select played_at, track__id from recently_played where listener = '{listener}'"
            )
            assert Counter((at.astimezone(UTC), track) for at, track in plays) == Counter(
                service.answered_plays(listener)
            )

    def test_a_wait_that_one_was_told_counts_for_all_of_the_app(
        self,
        collect: Collect,
        sign_in: Callable[..., Any],
        service: Service,
        settings: Settings,
    ) -> None:
        sign_in("you")
        service.faults.next("rate_limited_for_a_day", paths="/v1/me/top/*")
        until = collect("me").try_later_until
        made = len(service.calls)

        outcome = collect("you")

        assert outcome.try_later_until == until
        assert len(service.calls) == made
        with open_warehouse(settings) as warehouse:
            assert told_to_wait_until(warehouse, service.client_id) == until
            assert told_to_wait_until(warehouse, "of another app") is None


class TestAnswersThatCannotBeStored:
    """They hold up nothing else, and are kept with the reason."""

    def test_they_are_set_aside_and_the_rest_of_the_poll_is_stored(
        self, collect: Collect, settings: Settings, query: Query
    ) -> None:
        collect(max_calls=0)
        spool = Spool(settings, "me")
        seen = {"observed_at": "2026-01-01T00:00:00Z"}
        spool.add(
            Answer(
                [
                    ("artists", {**seen, "id": "good"}),
                    ("artists", {**seen, "id": "bad", "followers": {"total": 2**70}}),
                    ("albums", {**seen, "name": "it has no id"}),
                    ("recently_played", {**seen, "listener": "me", "track": {"id": "x"}}),
                    ("artists", {**seen, "id": "good too"}),
                ],
                {"list/of artists": "remembered"},
            ),
            datetime.now(UTC),
        )

        outcome = collect(max_calls=1)

        assert outcome.needs_attention
        assert "artists: TypeError: Integer exceeds 64-bit range" in (outcome.not_stored or "")
        assert "recently_played: KeyError" in (outcome.not_stored or "")
        kept = settings.beside_working_folder("answers")
        aside = (kept / "me" / "set_aside.txt").read_text().splitlines()
        assert [("bad" in line, "Integer" in line) for line in aside] == [
            (True, True),
            (False, False),
        ]
        assert query("select id from artists where id like 'good%' order by 1") == [
            ("good",),
            ("good too",),
        ]
        assert query("select count(*) from recently_played") == [(50,)]
        assert query("select count(*) from albums where name = 'it has no id'") == [(1,)]

        assert not collect(max_calls=1).not_stored
        assert query("select count(*) from artists where id = 'good'") == [(1,)]

    def test_the_run_that_brought_them_says_so(
        self, collect: Collect, settings: Settings, query: Query
    ) -> None:
        collect(max_calls=0)
        run = {
            "run_id": "r",
            "listener": "me",
            "ended_at": "2026-01-01T00:00:00Z",
            "outcome": "complete",
        }
        row = {"observed_at": "2026-01-01T00:00:00Z", "id": "bad", "popularity": 2**70}
        Spool(settings, "me").add(
            Answer([("tracks", row), ("collection_runs", run)]), datetime.now(UTC)
        )
        collect(max_calls=0)
        ((outcome, message),) = query(
            "select outcome, message from collection_runs where run_id = 'r'"
        )
        assert outcome == "failed"
        assert "tracks: TypeError" in message

    def test_a_load_in_parts_that_is_killed_goes_on_behind_its_last_part(
        self, settings: Settings, collect: Collect, query: Query
    ) -> None:
        collect(max_calls=0)
        seen = {"observed_at": "2026-01-01T00:00:00Z"}
        rows = [("artists", {**seen, "id": id_}) for id_ in "abcd"]
        Spool(settings, "me").add(Answer(rows), datetime.now(UTC))
        with open_warehouse(settings) as warehouse:
            spool = Spool(settings, "me")
            (batch,) = spool.batches()
            store = Store(warehouse, "me", timedelta(days=1))
            store._load_batch(batch.part(rows[:3], {}, "+3"))

        collect(max_calls=0)

        assert query("select id from artists order by id") == [(id_,) for id_ in "abcd"]


def test_the_poison_of_one_listener_keeps_nothing_from_another(
    environment: dict[str, str],
    settings: Settings,
    sign_in: Callable[..., Any],
    query: Query,
) -> None:
    sign_in("me", uses_secret=True)
    with TokenFile(settings.spotify_tokens).changing() as tokens:
        tokens.listeners["another"] = tokens.listeners["me"]
    folder = settings.beside_working_folder("answers")
    (folder / "another").mkdir(parents=True)
    (folder / "another" / "answers.jsonl").write_text("this is no answer\n")

    result = spotify_elt(environment | {"MAX_CALLS": "1"}, "collect")

    assert result.returncode == 1
    assert "another: " in result.stdout
    assert query("select count(*) from recently_played where listener = 'me'") == [(50,)]


def test_what_is_damaged_in_the_spool_is_set_aside_and_the_rest_is_loaded(
    collect: Collect, settings: Settings, query: Query
) -> None:
    collect(max_calls=0)
    row = {"observed_at": "2026-01-01T00:00:00Z", "id": "good"}
    Spool(settings, "me").add(Answer([("artists", row)]), datetime.now(UTC))
    folder = settings.beside_working_folder("answers") / "me"
    with (folder / "answers.jsonl").open("ab") as file:
        file.write(b"\0" * 100 + b"\n")
    Spool(settings, "me").add(Answer([("artists", row | {"id": "good too"})]), datetime.now(UTC))

    outcome = collect(max_calls=0)

    assert "answers: JSON is malformed" in (outcome.not_stored or "")
    assert query("select id from artists order by id") == [("good",), ("good too",)]
    assert collect(max_calls=0).not_stored is None


def test_what_no_warehouse_need_store_is_replaced() -> None:
    assert stored({"name": "a\0b \ud83d", "tracks": ["\0"]}) == {
        "name": "a\ufffdb ?",
        "tracks": ["\ufffd"],
    }


def test_a_field_of_spotifys_with_the_name_of_one_of_ours_takes_no_place(
    client: SpotifyClient, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = {"observed_at": "long ago", "listener": "somebody", "position": "first"}

    def call(_endpoint: str, _ask: object) -> dict[str, Any]:
        page = {"played_at": "2026-01-01T00:00:00Z", "added_at": None, "track": {"id": "x"}, **odd}
        return {"items": [page], "total": 1}

    monkeypatch.setattr(client, "call", call)
    memory = Memory({})
    (plays,) = recently_played(client, clock, memory, set())
    (saved, _) = saved_items(client, clock, memory, "saved_tracks")
    for row in (plays.rows[0][1], saved.rows[0][1]):
        assert (row["listener"], row["observed_at"]) == ("me", clock.now())
    assert saved.rows[0][1]["position"] == 0


def test_the_calls_of_a_day_are_counted_over_runs_and_enrichment_leaves_some(
    collect: Collect, make_settings: Callable[..., Settings], service: Service
) -> None:
    frugal = make_settings(max_calls_per_day=40)
    first = collect(settings=frugal)
    assert (first.outcome, first.calls) == ("budget_spent", 32)
    second = collect(settings=frugal)
    assert (second.outcome, second.calls) == ("budget_spent", 1)
    service.clock.advance(timedelta(days=1))
    assert collect(settings=frugal).calls > 1


def test_a_server_that_fails_for_one_list_costs_only_that_list(
    collect: Collect, service: Service, query: Query
) -> None:
    service.faults.next("server_error", paths="/v1/me/albums", times=4)
    outcome = collect(max_calls=30)
    assert query("select count(*) from list_observations where list_name = 'saved_albums'") == [
        (0,)
    ]
    assert query("select count(*) from list_observations where list_name = 'saved_shows'") == [(1,)]
    assert outcome.rows["recently_played"] == 50


@contextmanager
def held_by_another_program(settings: Settings) -> Iterator[None]:
    """The warehouse is open for writing elsewhere."""
    program = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True);"
        " sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(settings.duckdb_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        yield
        holder.communicate()


def test_a_run_polls_while_the_warehouse_is_open_elsewhere_and_the_next_one_loads(
    environment: dict[str, str],
    settings: Settings,
    service: Service,
    world: World,
    query: Query,
) -> None:
    environment["MAX_CALLS"] = "2"
    settings.duckdb_path.parent.mkdir(parents=True)
    with held_by_another_program(settings):
        unknown = spotify_elt(environment, "collect")
    assert unknown.returncode == 1
    assert asked(service) == [], "nothing says what is known"

    first = spotify_elt(environment, "collect")
    assert first.returncode == 0, (first.stdout, first.stderr)
    coming = [play for play in world.plays if play.ended_at > service.clock.now]
    with held_by_another_program(settings):
        for play in (coming[30], coming[60]):
            service.clock.now = play.ended_at
            made = len(service.calls)
            held = spotify_elt(environment, "collect")
            assert held.returncode == 1
            assert "open in another program" in held.stdout
            paths = [call.path for call in service.calls[made:] if call.status == 200]
            assert paths.count("/v1/me/player/recently-played") == 1, "it knows what was known"
    assert query("select count(*) from recently_played") == [(50,)]

    assert spotify_elt(environment, "collect").returncode == 0
    plays = query("select played_at, track__id from recently_played")
    assert len(plays) > 90
    assert Counter((at.astimezone(UTC), track) for at, track in plays) == Counter(
        service.answered_plays()
    )
    assert query("select count(*) from collection_gaps") == [(0,)]


def test_a_collector_goes_on_while_the_warehouse_is_open_elsewhere(
    settings: Settings, sign_in: Callable[..., Any], clock: Any, service: Service, world: World
) -> None:
    sign_in()
    collector = Collector(settings, "me", clock=clock)
    collector.poll()
    collector.poll()
    left = [play for play in world.plays if play.ended_at > service.clock.now]
    service.clock.now = left[5].ended_at
    with held_by_another_program(settings):
        outcome = collector.poll()
        assert outcome.rows["recently_played"] > 0
        assert "open in another program" in (outcome.not_loaded or "")
    service.clock.advance(timedelta(minutes=1))
    collector.poll()
    collector.close()
    with duckdb.connect(settings.duckdb_path) as connection:
        connection.execute("set TimeZone = 'UTC'")
        rows = connection.execute(
            "select played_at, track__id from spotify_api.recently_played"
        ).fetchall()
    assert Counter((at.astimezone(UTC), track) for at, track in rows) == Counter(
        service.answered_plays()
    )


def test_a_run_tries_to_open_a_warehouse_that_is_held_before_it_asks_and_after(
    settings: Settings,
    sign_in: Callable[..., Any],
    clock: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sign_in()
    collect_once(settings, "me", clock=clock)
    tries = []

    def held(tried: Settings) -> None:
        tries.append(tried)
        raise WarehouseError("open in another program")

    monkeypatch.setattr(collecting, "open_warehouse", held)
    outcome = collect_once(settings, "me", clock=clock)
    assert "open in another program" in (outcome.not_loaded or "")
    assert len(tries) == 2


@pytest.fixture
def environment(
    settings: Settings, sign_in: Callable[..., Any], service: Service
) -> dict[str, str]:
    """For a `spotify-elt` of its own: the service, this test's warehouse and sign-in."""
    sign_in()
    return {
        **os.environ,
        **service.environment,
        "SPOTIFY_TOKENS": str(settings.spotify_tokens),
        "DUCKDB_PATH": str(settings.duckdb_path),
        "REQUESTS_PER_MINUTE": "0",
    }


def test_a_run_that_is_killed_again_and_again_makes_no_call_twice_and_loses_nothing(
    environment: dict[str, str], settings: Settings, service: Service, query: Query
) -> None:
    # not while the sign-in is renewed: Spotify takes each refresh token once, and forgets nothing
    def asks(calls: int) -> bool:
        return len(asked(service)) >= made + calls

    def loads(for_seconds: float) -> bool:
        asked_last = len(asked(service))
        time.sleep(for_seconds)
        return made < asked_last == len(asked(service))

    moments: list[Callable[[], bool]] = [
        settings.duckdb_path.exists,
        *(partial(asks, calls) for calls in (1, 5, 20)),
        *(partial(loads, for_seconds) for for_seconds in (0.1, 0.2, 0.4)),
    ]
    for has_come in moments:
        made, process = len(asked(service)), _start(environment)
        while process.poll() is None:
            if has_come():
                os.killpg(process.pid, signal.SIGKILL)
                break
            time.sleep(0.0005)
        assert process.wait() in (0, -signal.SIGKILL), "killed, or it was sooner"
    assert _start(environment).wait(120) == 0

    plays = query("select played_at, track__id from recently_played")
    assert Counter((at.astimezone(UTC), track) for at, track in plays) == Counter(
        service.answered_plays()
    )
    lookups = Counter(
        call.path
        for call in service.calls
        if call.status == 200 and call.path.split("/")[2] in {"tracks", "artists", "albums"}
    )
    # the one that was on its way when the process died was answered to nobody
    assert sum(count - 1 for count in lookups.values()) <= 7
    assert query("select id from tracks__artists except select id from artists") == []
    for child in ("tracks__artists", "albums__images", "recently_played__track__artists"):
        parent = child.split("__")[0]
        orphans = f"select _dlt_parent_id from {child} except select _dlt_id from {parent}"
        assert query(orphans) == []
    assert (
        query("select _dlt_id from tracks except select _dlt_parent_id from tracks__artists") == []
    )
    assert query("select id from albums group by id having count(*) > 1") == []


def test_a_collector_stops_within_a_second_of_sigterm_and_its_spool_is_loaded(
    environment: dict[str, str], query: Query
) -> None:
    process = _start(environment, "--every", "1h")
    deadline = time.monotonic() + 60
    assert process.stdout is not None
    assert b"50 plays" in process.stdout.readline()
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(deadline - time.monotonic()) == 0
    assert query("select count(*) from recently_played") == [(50,)]
    assert query("select count(*) from collection_runs") == [(1,)]


#: Has the turn of a listener until its standard input ends.
HOLDER = """
import sys
from pathlib import Path
from ingestion.settings import Settings
from ingestion.spotify_api.spool import Spool
settings = Settings(_env_file=None, duckdb_path=Path(sys.argv[1]))
with Spool(settings, "me").turn():
    print("mine", flush=True)
    sys.stdin.read()
"""


class TestTwoProcesses:
    """For one listener: cron has started one, a hand another."""

    @pytest.fixture
    def holder(self, settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
        with subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(settings.duckdb_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=PROJECT_ROOT,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"mine\n"
            yield process

    @pytest.mark.usefixtures("holder")
    def test_the_second_says_so_in_one_line_and_asks_nothing(
        self, environment: dict[str, str], service: Service
    ) -> None:
        result = spotify_elt(environment, "collect")
        assert result.returncode == 1
        assert result.stderr == ""
        assert result.stdout == (
            "me: another run is asking Spotify for this listener; let it end or stop it,"
            " then try again\n"
        )
        assert service.calls == []

    def test_a_process_that_is_killed_leaves_the_turn_to_others(
        self, environment: dict[str, str], holder: subprocess.Popen[bytes], query: Query
    ) -> None:
        holder.kill()
        holder.wait()
        assert spotify_elt(environment | {"MAX_CALLS": "1"}, "collect").returncode == 0
        assert query("select count(*) from recently_played") == [(50,)]

    def test_the_second_waits_for_a_short_poll_and_asks_only_what_is_new(
        self, environment: dict[str, str], service: Service, query: Query
    ) -> None:
        environment = environment | {"MAX_CALLS": "3"}
        service.faults.next("slow", delay_seconds=6)
        first = _start(environment, "--every", "1h")
        deadline = time.monotonic() + 30
        while not asked(service):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        second = spotify_elt(environment, "collect")
        os.killpg(first.pid, signal.SIGTERM)
        assert first.wait(30) == 0
        assert second.returncode == 0, second.stdout
        assert query("select count(*), count(distinct played_at) from recently_played") == [
            (50, 50)
        ]
        assert query("select count(*) from users") == [(1,)]
        assert sum(call.path == "/v1/me" for call in service.calls) == 1

    def test_a_collector_that_goes_on_learns_what_another_has_asked_for(
        self, settings: Settings, sign_in: Callable[..., Any], clock: Any, service: Service
    ) -> None:
        sign_in()
        collector = Collector(settings, "me", clock=clock)
        collector.poll(max_calls=2)
        service.clock.advance(timedelta(hours=1))
        assert collect_once(settings, "me", clock=clock, max_calls=40).calls > 2
        lists = Counter(call.path for call in service.calls)

        service.clock.advance(timedelta(hours=1))
        collector.poll(max_calls=40)

        again = Counter(call.path for call in service.calls)
        assert again["/v1/me/top/tracks"] == lists["/v1/me/top/tracks"] == 3
        collector.close()


def _start(environment: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "ingestion", "collect", *arguments],
        cwd=PROJECT_ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
