"""Names, recordings and exclusions that the owner writes into the seeds reach every mart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from ingestion.errors import BuildError
from ingestion.raw_tables import ensure_raw_tables
from ingestion.settings import load_settings
from simulator import Extended, World, imagine, write_export
from simulator.web_api import Service, serve
from tests.marts.conftest import Home


@pytest.fixture(scope="module")
def world() -> World:
    return imagine(1_500, seed=37, start=date(2025, 5, 1), end=date(2025, 10, 1))


@pytest.fixture
def service(world: World) -> Iterator[Service]:
    first_poll = world.plays[1_000].ended_at + timedelta(minutes=1)
    with serve(world, now=first_poll, contract="extended") as service:
        yield service


def test_exclusions_and_merges_reach_every_play_and_leave_its_row(
    home: Home, world: World, service: Service, seeds: Path
) -> None:
    write_export(world, home.folder / "export.zip", [Extended("extended_2026", date(2025, 9, 1))])
    home.ingest(home.folder / "export.zip")
    home.poll(service, until=service.clock.now + timedelta(days=14))
    home.build(tested=False)
    [(play_count,)] = home.query("select count(*) from marts.fct_plays")
    top_artists = home.query(
        "select item_name from marts.agg_period_items"
        " where period_type = 'all_time' and item_type = 'artist' order by item_rank"
    )
    renamed, kept, sleepy = (name for (name,) in top_artists[:3])
    [(playlist,)] = home.query(
        "select context_uri from marts.fct_plays where context_type = 'playlist' and is_counted"
        " group by all order by count(*) desc, context_uri limit 1"
    )
    (one, other), (track, _) = home.query(
        "select min(track_id), max(track_id) from marts.dim_tracks where stream_count > 1"
        " group by artist_key having count(*) > 1 order by artist_key limit 2"
    )

    (seeds / "artist_names.csv").write_text(f'artist_name,current_name\n"{renamed}","{kept}"\n')
    (seeds / "recordings.csv").write_text(f"track_id,recording\n{one},ours\n{other},ours\n")
    (seeds / "exclusions.csv").write_text(
        "listener,kind,excluded,note\n"
        f',artist,"{sleepy}",\n'
        f"me,track,{track},\n"
        f"me,playlist,{playlist.removeprefix('spotify:playlist:')},for the children\n"
        "me,hour,3,\n"
        "someone else,hour,20,\n"
    )
    home.build()

    assert home.query("select count(*) from marts.fct_plays") == [(play_count,)]
    [streams] = home.query(
        "select count(*) from marts.fct_plays where artist_name = ? and is_counted", [kept]
    )
    assert home.query(
        "select stream_count from marts.dim_artists where artist_name in (?, ?)", [renamed, kept]
    ) == [streams]
    excluded = home.query(
        "select exclusion_reason, count(*) > 0,"
        " bool_and(case exclusion_reason when 'excluded_artist' then artist_name = $1"
        " when 'excluded_track' then track_id = $2 when 'excluded_playlist' then context_uri = $3"
        " else hour = 3 end)"
        " from marts.fct_plays where exclusion_reason like 'excluded%' group by 1 order by 1",
        [sleepy, track, playlist],
    )
    kinds = ["artist", "hour", "playlist", "track"]
    assert excluded == [(f"excluded_{kind}", True, True) for kind in kinds]
    [left] = home.query(
        "select count(*) from marts.fct_plays where is_counted and (artist_name in ($1, $2)"
        " or track_id = $3 or context_uri = $4 or hour = 3)",
        [sleepy, renamed, track, playlist],
    )
    assert left == (0,)
    [recordings] = home.query(
        "select count(*), count(distinct recording_key), min(recording_rule)"
        " from marts.dim_tracks where track_id in ($1, $2)",
        [one, other],
    )
    assert recordings == (2, 1, "manual")

    edited = home.marts()
    home.build(full_refresh=True)
    assert home.marts() == edited


@pytest.mark.parametrize(
    ("seed", "rows", "test"),
    [
        ("exclusions", ("listener,kind,excluded,note", ",hour,07,"), "exclusions_can_match"),
        ("artist_names", ("artist_name,current_name", "A,B", "B,C"), "artist_names_end_where"),
        (
            "artist_names",
            ("artist_name,current_name", "A,B", "A,C"),
            "integrity_artist_names failed: found key of artist_name: A; its rows are in findings",
        ),
    ],
)
def test_what_cannot_work_is_told(
    home: Home, seeds: Path, seed: str, rows: tuple[str, ...], test: str
) -> None:
    """A line that matches nothing, and a name that leads to one which is renamed, or to two."""
    ensure_raw_tables(load_settings(duckdb_path=home.duckdb_path))
    (seeds / f"{seed}.csv").write_text("\n".join(rows) + "\n")

    with pytest.raises(BuildError, match=test):
        home.build()
