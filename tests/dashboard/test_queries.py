"""Every file of queries/ runs, and answers with the columns and rows that the pages count on."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from dashboard.data import QUERIES, ask, load_query
from tests.marts.conftest import Home

PARAMETERS = {
    "listener": "me",
    "from_date": date(2025, 1, 1),
    "until_date": date(2026, 1, 1),
    "period": "2025",
    "period_type": "year",
    "item_type": "track",
    "words": "",
    "row_count": 50,
    "unit": "month",
    "other_listener": "me",
}
NAMES = sorted(path.stem for path in QUERIES.glob("*.sql"))

#: Nothing that a listener of fifteen months with one export and one poll has.
EMPTY = {"forgotten_favourites", "gaps"}


def answer(name: str, **parameters: object) -> list[dict[str, Any]]:
    known = PARAMETERS | parameters
    return ask(name, **{key: known[key] for key in load_query(name).parameters}).to_pylist()


def top_key(warehouse: Home, item_type: str) -> str:
    """Of what was streamed most in 2025."""
    [(key,)] = warehouse.query(
        "select item_key from marts.agg_period_items"
        f" where period = '2025' and item_type = '{item_type}' and item_rank = 1"
    )
    return str(key)


def a_playlist(warehouse: Home) -> str:
    """The one with the most items."""
    [(key,)] = warehouse.query(
        "select playlist_key from marts.fct_playlist_memberships"
        " group by playlist_key order by count(*) desc, playlist_key limit 1"
    )
    return str(key)


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_with_its_question(name: str) -> None:
    first_line = (QUERIES / f"{name}.sql").read_text().splitlines()[0]

    assert first_line.startswith("-- ")
    assert "?" in first_line


@pytest.mark.parametrize("name", NAMES)
def test_nothing_but_a_parameter_looks_like_one(name: str) -> None:
    """Postgres' driver takes every question mark for one, in comments too."""
    query = load_query(name)

    assert query.sql.count("?") == len(query.parameters)


@pytest.mark.parametrize("name", NAMES)
def test_it_reads_marts_alone(name: str) -> None:
    sql = load_query(name).sql

    assert "marts." in sql
    for schema in ("spotify_export.", "spotify_api.", "staging.", "intermediate."):
        assert schema not in sql


@pytest.mark.parametrize("name", NAMES)
def test_it_answers_with_the_columns_that_it_names(name: str, warehouse: Home) -> None:
    query = load_query(name)
    rows = answer(name, item_key=top_key(warehouse, "track"), playlist_key=a_playlist(warehouse))

    assert bool(rows) == (name not in EMPTY)
    assert all(tuple(row) == query.columns for row in rows)


@pytest.mark.parametrize(
    ("item_type", "column"),
    [("track", "track_key"), ("artist", "artist_key"), ("album", "album_key")],
)
def test_the_first_place_is_the_item_streamed_most(
    warehouse: Home, item_type: str, column: str
) -> None:
    [(most,)] = warehouse.query(
        f"select count(*) as streams from marts.fct_plays where is_counted and year = 2025"
        f" and {column} is not null group by {column} order by streams desc limit 1"
    )
    first = answer("top_items", item_type=item_type)[0]

    assert (first["item_rank"], first["stream_count"]) == (1, most)


@pytest.mark.parametrize("item_type", ["track", "artist", "album"])
@pytest.mark.parametrize(
    ("period", "period_type"), [("2025-03", "month"), ("2025", "year"), ("all_time", "all_time")]
)
def test_most_streamed_is_what_leads_the_charts(
    warehouse: Home, item_type: str, period: str, period_type: str
) -> None:
    expected = warehouse.query(
        "select item_key, item_name, artist_name, stream_count from marts.agg_period_items"
        f" where period = '{period}' and item_type = '{item_type}' order by item_rank limit 5"
    )
    chosen = {"item_type": item_type, "period": period, "period_type": period_type}

    items = answer("most_streamed", **chosen, row_count=5)
    assert [tuple(row.values()) for row in items] == expected


@pytest.mark.parametrize("item_type", ["track", "recording", "artist", "album"])
@pytest.mark.usefixtures("warehouse")
def test_what_has_a_cover_in_the_catalogue_shows_it(item_type: str) -> None:
    assert all(row["image_url"] for row in answer("top_items", item_type=item_type))


@pytest.mark.usefixtures("warehouse")
def test_a_search_finds_by_name_and_artist_in_any_case() -> None:
    sought = answer("top_items")[3]
    by_name = answer("top_items", words=str(sought["item_name"]).upper())
    by_artist = answer("top_items", words=str(sought["artist_name"])[1:])

    assert sought["item_rank"] in {row["item_rank"] for row in by_name}
    assert sought["item_rank"] in {row["item_rank"] for row in by_artist}
    assert answer("top_items", words="100 % nothing_is_called_this") == []


@pytest.mark.usefixtures("warehouse")
def test_a_search_takes_a_percent_sign_for_itself() -> None:
    assert answer("top_items", words="%") == []


def test_the_clock_is_that_of_the_marts(warehouse: Home) -> None:
    expected = warehouse.query(
        "select dow, hour, stream_count from marts.agg_listening_clock where year = 2025"
        " order by dow, hour"
    )

    assert [(row["dow"], row["hour"], row["stream_count"]) for row in answer("clock")] == expected


def test_totals_of_a_year_are_those_of_the_marts(warehouse: Home) -> None:
    [expected] = warehouse.query(
        "select stream_count, artist_count, track_count, listening_hours"
        " from marts.agg_period_listening where period = '2025'"
    )
    [totals] = answer("totals")

    assert (totals["stream_count"], totals["artist_count"], totals["track_count"]) == expected[:3]
    assert totals["listening_hours"] == pytest.approx(expected[3])


@pytest.mark.parametrize("name", ["devices", "countries"])
@pytest.mark.usefixtures("warehouse")
def test_every_stream_of_a_year_came_from_somewhere(name: str) -> None:
    [totals] = answer("totals")

    assert sum(int(str(row["stream_count"])) for row in answer(name)) == totals["stream_count"]


def test_the_months_hold_every_skip(warehouse: Home) -> None:
    expected = warehouse.query(
        "select sum(skipped_count) from marts.agg_monthly_habits where year_month like '2025%'"
        " group by year_month order by year_month"
    )
    months = answer("skips_by_month")

    assert [(round(row["skipped_share"] * row["play_count"]),) for row in months] == expected


def test_new_artists_of_a_year_are_those_of_the_marts(warehouse: Home) -> None:
    [(expected,)] = warehouse.query(
        "select new_artist_count from marts.agg_period_listening where period = '2025'"
    )

    assert len(answer("new_artists")) == expected > 0


def test_every_play_of_a_source_is_in_its_months(warehouse: Home) -> None:
    held = dict(warehouse.query("select play_source, play_count from marts.mon_freshness"))
    months = answer("source_months")

    for source, count in held.items():
        assert (
            sum(int(str(row["play_count"])) for row in months if row["play_source"] == source)
            == count
        )


def test_genres_over_time_share_streams_as_the_charts_do(warehouse: Home) -> None:
    expected = warehouse.query(
        "select item_name, item_rank, stream_share from marts.agg_period_items"
        " where period = '2025' and item_type = 'genre' and item_rank <= 12 order by item_rank"
    )
    years = answer("genres_over_time", unit="year", row_count=12)

    assert [(row["genre"], row["genre_rank"]) for row in years] == [row[:2] for row in expected]
    assert [row["stream_share"] for row in years] == pytest.approx(
        [share for *_, share in expected], abs=1e-5
    )


def test_decades_hold_every_stream_whose_release_date_is_known(warehouse: Home) -> None:
    expected = warehouse.query(
        "select plays.month, tracks.release_decade, count(*) from marts.fct_plays as plays"
        " join marts.dim_tracks as tracks using (track_key)"
        " where is_counted and year = 2025 and release_decade is not null"
        " group by all order by 2 desc, 1"
    )
    months = answer("decades_over_time")

    assert [
        (row["start_date"].month, row["release_decade"], row["stream_count"]) for row in months
    ] == expected
    january = [row["stream_share"] for row in months if row["start_date"].month == 1]
    assert sum(january) == pytest.approx(1)


def test_obsessions_are_found_in_the_days_of_a_week(warehouse: Home) -> None:
    expected = warehouse.query(
        "select week_start_date, track_key, sum(day_streams) as streams, count(*) as days"
        " from (select listening_date, track_key, count(*) as day_streams from marts.fct_plays"
        " where is_counted and year(listening_date) = 2025 and track_key is not null group by all)"
        " join marts.dim_dates on listening_date = date_day"
        " group by all having streams >= 10 or max(day_streams) >= 5"
        " order by streams desc, 1 desc, 2 limit 50"
    )

    assert [
        (row["week_start_date"], row["stream_count"], row["day_count"])
        for row in answer("obsessions")
    ] == [(week, streams, days) for week, _, streams, days in expected]


@pytest.mark.parametrize("item_type", ["track", "artist", "album"])
@pytest.mark.parametrize("unit", ["month", "year"])
def test_places_over_time_are_those_of_the_charts(
    warehouse: Home, item_type: str, unit: str
) -> None:
    key = top_key(warehouse, item_type)
    expected = warehouse.query(
        "select stream_count, listening_hours, item_rank from marts.agg_period_items"
        f" where period_type = '{unit}' and period like '2025%' and item_type = '{item_type}'"
        f" and item_key = '{key}' order by period"
    )
    steps = answer("item_over_time", item_type=item_type, item_key=key, unit=unit)

    assert [tuple(row.values())[1:] for row in steps] == expected


@pytest.mark.parametrize("item_type", ["track", "artist", "album"])
def test_a_search_over_all_finds_each_kind(warehouse: Home, item_type: str) -> None:
    [(name,)] = warehouse.query(
        "select item_name from marts.agg_period_items"
        f" where period = 'all_time' and item_type = '{item_type}' and item_rank = 1"
    )
    found = answer("find_items", words=name.lower())

    assert (item_type, name) in {(row["item_type"], row["item_name"]) for row in found}
    assert answer("find_items", words="nothing is called this") == []


def test_what_was_heard_of_an_episode_is_all_that_its_plays_heard(warehouse: Home) -> None:
    expected = warehouse.query(
        "select sum(listened_ms) as heard_ms, heard_ms >= 0.9 * any_value(duration_ms)"
        " from marts.fct_plays join marts.dim_episodes using (episode_id)"
        " where exclusion_reason is distinct from 'retry' and listening_date < '2026-01-01'"
        " group by episode_id having max(listening_date) >= '2025-01-01' and heard_ms > 0"
    )
    episodes = answer("episodes")

    assert sorted(
        (round(row["heard_hours"] * 3_600_000), row["is_finished"]) for row in episodes
    ) == sorted(expected)


def test_podcasts_and_audiobooks_of_a_year_make_its_spoken_hours(warehouse: Home) -> None:
    [(shows,)] = warehouse.query(
        "select sum(stream_count) from marts.agg_period_items"
        " where period = '2025' and item_type = 'show'"
    )
    books = sum(row["stream_count"] for row in answer("audiobooks"))

    assert sum(row["stream_count"] for row in answer("spoken_hours")) == shows + books


def test_streams_of_a_playlists_items_are_those_while_they_stood_there(warehouse: Home) -> None:
    key = a_playlist(warehouse)
    expected = warehouse.query(
        "select item_name, (select count(*) from marts.fct_plays as plays where is_counted"
        " and plays.track_key = memberships.track_key and ended_at >= valid_from_at"
        " and ended_at < coalesce(valid_until_at, timestamp '2100-01-01'))"
        f" from marts.fct_playlist_memberships as memberships where playlist_key = '{key}'"
    )
    items = answer("playlist_items", playlist_key=key)
    sizes = answer("playlist_sizes", playlist_key=key)

    assert sorted((row["item_name"], row["stream_count"]) for row in items) == sorted(expected)
    assert sizes[-1]["item_count"] == len(items)


def test_a_listener_is_wholly_like_themselves(warehouse: Home) -> None:
    [(artists,)] = warehouse.query(
        "select count(*) from marts.agg_period_items where period = '2025' and item_type = 'artist'"
    )
    first = answer("shared_artists")[0]

    assert first["match_count"] == artists
    assert first["affinity_share"] == pytest.approx(1)
