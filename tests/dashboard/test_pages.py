"""What the pages show: the numbers of the marts, and one helpful line where there are none."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import data
from ingestion.settings import PROJECT_ROOT
from tests.marts.conftest import Home

PAGES = (
    "overview",
    "top",
    "rhythm",
    "habits",
    "taste",
    "year_in_review",
    "item",
    "spoken",
    "playlists",
    "data",
)


def opened(**address: str) -> AppTest:
    """The app, as it opens at an address."""
    app = AppTest.from_file(str(PROJECT_ROOT / "dashboard" / "app.py"), default_timeout=90)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def page(name: str, **address: str) -> AppTest:
    """One page of it: AppTest cannot follow the links between pages that are functions."""
    app = AppTest.from_string(
        "from dashboard.selection import choose, show_scope\n"
        f"from dashboard.views import {name}\n"
        "selection = choose()\n"
        "show_scope(selection)\n"
        f"{name}.show(selection)\n",
        default_timeout=90,
    )
    for key, value in address.items():
        app.query_params[key] = value
    return app.run()


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def drawn(app: AppTest) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """The charts of a page from top to bottom: how each is drawn, and of which rows."""
    assert not app.exception
    return [
        (
            json.loads(chart.proto.spec),
            pa.ipc.open_stream(chart.proto.datasets[0].data.data).read_all().to_pylist(),
        )
        for chart in app.get("vega_lite_chart")
    ]


def shapes(app: AppTest) -> list[list[dict[str, Any]]]:
    """The rows of every layer of every chart."""
    return [
        pa.ipc.open_stream(dataset.data.data).read_all().to_pylist()
        for chart in app.get("vega_lite_chart")
        for dataset in chart.proto.datasets
    ]


def said(app: AppTest) -> str:
    assert not app.exception
    return "\n".join(element.value for element in app.info)


@pytest.fixture
def copy(warehouse: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the warehouse, to spoil."""
    path = tmp_path / "copy.duckdb"
    shutil.copy(warehouse.duckdb_path, path)
    monkeypatch.setenv("DUCKDB_PATH", str(path))
    return path


def change(path: Path, *statements: str) -> None:
    with duckdb.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("period", ["all_time", "2025", "2025-03"])
@pytest.mark.usefixtures("warehouse")
def test_every_page_shows_every_kind_of_period(name: str, period: str) -> None:
    app = page(name, period=period)

    assert not app.exception
    assert app.dataframe or app.metric
    assert "on the clocks of Europe/Oslo" in app.caption[0].value
    assert "a stream is a play of 30 seconds and more" in app.caption[0].value


def test_the_overview_shows_the_numbers_of_the_marts(warehouse: Home) -> None:
    [(hours, streams, artists, tracks)] = warehouse.query(
        "select listening_hours, stream_count, artist_count, track_count"
        " from marts.agg_period_listening where period = '2025'"
    )

    shown = figures(opened(period="2025"))

    assert shown["Hours"] == f"{hours:,.0f} h"
    assert shown["Streams"] == f"{streams:,}"
    assert shown["Artists"] == f"{artists:,}"
    assert shown["Tracks"] == f"{tracks:,}"


def test_a_year_that_is_not_over_is_compared_with_the_same_days(warehouse: Home) -> None:
    [(now, before)] = warehouse.query(
        "select count(*) filter (year = 2026), count(*) filter (year = 2025"
        " and dayofyear(listening_date) <= (select max(dayofyear(listening_date))"
        " from marts.fct_plays where year = 2026)) from marts.fct_plays where is_counted"
    )

    app = opened(period="2026")
    [streams] = [metric for metric in app.metric if metric.label == "Streams"]

    assert streams.delta == f"{100 * (now - before) / before:+,.0f} %"
    assert any("the same days of 2025" in caption.value for caption in app.caption)


@pytest.mark.parametrize(
    ("what", "share", "content_type"),
    [("Artists", "Share of music", "track"), ("Podcasts", "Share of podcasts", "episode")],
)
def test_a_share_says_of_what(warehouse: Home, what: str, share: str, content_type: str) -> None:
    [(streams,)] = warehouse.query(
        "select count(*) from marts.fct_plays"
        f" where is_counted and year = 2025 and content_type = '{content_type}'"
    )

    table = page("top", period="2025", what=what).dataframe[0].value

    assert table[share][0] == pytest.approx(table["Streams"][0] / streams)


def test_the_charts_show_the_ranks_of_the_marts(warehouse: Home) -> None:
    expected = warehouse.query(
        "select item_rank, item_name, stream_count from marts.agg_period_items"
        " where period = '2025' and item_type = 'artist' order by item_rank"
    )

    table = page("top", period="2025").dataframe[0].value

    assert list(table[["#", "Artist", "Streams"]].itertuples(index=False, name=None)) == expected


@pytest.mark.usefixtures("warehouse")
def test_bars_bear_their_unit_and_shades_a_legend() -> None:
    [(devices, _)] = [
        chart
        for chart in drawn(page("habits", period="2025"))
        if "layer" in chart[0] and "place" in chart[1][0]
    ]
    assert devices["layer"][0]["encoding"]["x"]["title"] == "Hours"
    clock, calendar = (spec for spec, _ in drawn(page("rhythm", period="2025"))[:2])
    for spec in (clock, calendar):
        assert spec["encoding"]["color"]["legend"]["title"] == "Hours"


@pytest.mark.parametrize("name", [name for name in PAGES if name not in ("top", "year_in_review")])
@pytest.mark.usefixtures("warehouse")
def test_every_chart_is_described_to_those_who_do_not_see_it(name: str) -> None:
    for spec, _ in drawn(page(name)):
        assert len(spec["description"]) > 10


def test_two_tracks_of_one_name_are_two_bars(copy: Path) -> None:
    change(
        copy,
        "update marts.agg_period_items set item_name = 'Intro', artist_name = 'The \"xx\"'"
        " where period = '2025' and item_type = 'track' and item_rank <= 2",
    )

    spec, rows = drawn(opened(period="2025"))[2]

    assert [row["name"] for row in rows[:2]] == ['Intro · The "xx"'] * 2
    bars, numbers = spec["layer"]
    for layer in (bars, numbers):
        field = layer["encoding"]["y"]["field"]
        assert len({row[field] for row in rows}) == len(rows) == 5
    names = bars["encoding"]["y"]["axis"]["labelExpr"].removesuffix("[datum.value]")
    assert json.loads(names) == [row["name"] for row in rows]


@pytest.mark.usefixtures("warehouse")
def test_a_search_shows_what_it_finds_with_its_place() -> None:
    app = page("top", period="2025")
    third = app.dataframe[0].value.iloc[2]

    app.text_input[0].input(third["Artist"].lower()).run()

    table = app.dataframe[0].value
    assert third["#"] in set(table["#"])
    app.text_input[0].input("nobody at all").run()
    assert "None of the artists of 2025 has “nobody at all” in its name" in said(app)


def test_the_data_page_accounts_for_every_record(warehouse: Home) -> None:
    [(records, plays, streams)] = warehouse.query(
        "select (select count(*) from marts.bridge_play_records), count(*),"
        " count(*) filter (is_counted) from marts.fct_plays"
    )

    shown = figures(page("data"))

    assert shown == {
        "Records": f"{records:,}",
        "Plays": f"{plays:,}",
        "Streams": f"{streams:,}",
    }


def test_the_data_page_tells_what_the_warehouse_takes(copy: Path) -> None:
    """One day of a file is noted; here a warehouse that bills has noted two."""
    change(
        copy,
        "delete from marts.mon_warehouse_costs",
        "insert into marts.mon_warehouse_costs by name select * from (values"
        " ('a', 'storage', 'marts', 'fct_plays', 900000, null, null, date '2026-01-31'),"
        " ('b', 'storage', 'marts', 'fct_plays', 1000000, 100000, null, date '2026-02-02'),"
        " ('c', 'queries', null, 'dim_tracks', 70, null, 7, date '2026-01-31'),"
        " ('d', 'queries', null, 'dim_tracks', 20, null, 2, date '2026-02-01'),"
        " ('e', 'queries', null, 'dim_tracks', 10, null, 1, date '2026-02-02')"
        " ) as costs (cost_key, cost_type, schema_name, item_name, byte_count,"
        " added_byte_count, query_count, cost_date), (select now() as observed_at)",
    )

    app = page("data")

    stored, billed = (table.value.to_dict("records") for table in app.dataframe[-2:])
    assert stored == [
        {
            "What lies there": "marts.fct_plays",
            "Size": 1_000_000,
            "More than on the day noted before": 100_000,
        }
    ]
    assert billed == [{"Who asked": "dim_tracks", "Queries": 3, "Billed": 30}]


def test_before_the_first_note_the_data_page_says_when_there_is_one(copy: Path) -> None:
    change(copy, "delete from marts.mon_warehouse_costs")

    assert "a build that finds something new does it" in said(page("data"))


def test_the_longest_streak_is_that_of_the_marts(warehouse: Home) -> None:
    [(days,)] = warehouse.query("select day_count from marts.fct_streaks where is_longest")

    assert figures(page("rhythm"))["Longest streak"] == f"{days:,} days"


def test_calendars_of_many_years_are_drawn_on_request(copy: Path) -> None:
    change(
        copy,
        "insert into marts.agg_daily_listening by name select * exclude (number) replace"
        " (listening_date - to_years(number::integer) as listening_date)"
        " from marts.agg_daily_listening, range(3, 9, 3) as years (number)",
    )

    app = page("rhythm")
    few = len(app.get("vega_lite_chart"))
    app.toggle[0].set_value(True).run()

    assert not app.exception
    assert len(app.get("vega_lite_chart")) > few


def test_a_day_of_podcasts_alone_is_one_with_a_stream(warehouse: Home) -> None:
    [(days, music_days)] = warehouse.query(
        "select count(distinct listening_date),"
        " count(distinct listening_date) filter (content_type = 'track')"
        " from marts.fct_plays where is_counted and year = 2025"
    )
    assert days > music_days

    for name in ("rhythm", "year_in_review"):
        shown = figures(page(name, period="2025"))
        assert shown["Days with a stream"] == f"{days:,}"
        assert "Days with music" not in shown


def test_the_habits_are_those_of_the_marts(warehouse: Home) -> None:
    [(skipped, shuffled)] = warehouse.query(
        "select sum(skipped_count), sum(shuffle_count) from marts.agg_monthly_habits"
        " where year_month like '2025%'"
    )
    [(known,)] = warehouse.query(
        "select count(*) from marts.fct_plays where is_skip_known and year = 2025"
    )

    app = page("habits", period="2025")

    shown = figures(app)
    assert shown["Skipped"] == f"{100 * skipped / known:.1f} %"
    assert shown["On shuffle"] == f"{100 * shuffled / known:.1f} %"
    countries = app.dataframe[-1].value
    assert list(countries["Streams"]) == [
        streams
        for (streams,) in warehouse.query(
            "select sum(stream_count) from marts.agg_monthly_habits where year_month like '2025%'"
            " group by conn_country having sum(stream_count) > 0 order by sum(listening_hours) desc"
        )
    ]


def test_months_in_which_spotify_noted_no_skip_do_not_count_as_patient(copy: Path) -> None:
    change(
        copy,
        "update marts.fct_plays set is_skipped = false, is_skip_known = false"
        " where year_month < '2025-07'",
    )
    with duckdb.connect(copy, read_only=True) as connection:
        [(share,)] = connection.execute(
            "select count(*) filter (is_skipped) / count(*) from marts.fct_plays"
            " where is_skip_known and year_month between '2025-07' and '2025-12'"
        ).fetchall()

    assert figures(page("habits", period="2025"))["Skipped"] == f"{100 * share:.1f} %"


def test_without_an_extended_history_nothing_is_known_of_skips(copy: Path) -> None:
    change(
        copy,
        "update marts.fct_plays set is_skipped = null, is_skip_known = false, is_shuffle = null",
    )

    app = page("habits")

    assert not app.exception
    assert figures(app)["Skipped"] == "–"  # noqa: RUF001
    assert any("Of skips Spotify tells in 0 of them" in caption.value for caption in app.caption)


def test_the_age_of_the_music_is_that_on_the_day_of_its_plays(warehouse: Home) -> None:
    [(age, fresh)] = warehouse.query(
        "select avg(listening_date - release_date) / 365.25,"
        " avg((listening_date - release_date <= 30)::integer)"
        " from marts.fct_plays join marts.dim_tracks using (track_key)"
        " where is_counted and year_month = '2025-03' and release_date is not null"
    )
    [(artists, tracks)] = warehouse.query(
        "select new_artist_count, new_track_count from marts.agg_period_listening"
        " where period = '2025-03'"
    )

    app = page("taste", period="2025-03")

    assert figures(app) == {
        "Average age when heard": f"{age:.1f} years",
        "Heard within a month of release": f"{100 * fresh:.1f} %",
    }
    new = f"{artists:,} artists and {tracks:,} tracks were heard for the first time ever"
    assert any(new in caption.value for caption in app.caption)


def test_the_radar_shows_the_average_of_the_streams(warehouse: Home, copy: Path) -> None:
    [(energy, all_energy)] = warehouse.query(
        "select avg(energy) filter (year_month = '2025-03'), avg(energy)"
        " from marts.fct_plays join marts.dim_track_features using (track_key) where is_counted"
    )

    app = page("taste", period="2025-03")

    [radar] = [
        rows for rows in shapes(app) if any(row.get("shape") == "March 2025" for row in rows)
    ]
    shown = {row["shape"]: row["value"] for row in radar if row["feature"] == "Energetic"}
    assert shown == {"March 2025": pytest.approx(energy), "All time": pytest.approx(all_energy)}

    change(copy, "delete from marts.dim_track_features")
    silent = page("taste", period="2025-03")
    assert "How the music of March 2025 sounds is not known" in said(silent)


def test_a_favourite_is_forgotten_when_none_of_its_ids_was_played_for_half_a_year(
    copy: Path,
) -> None:
    with duckdb.connect(copy, read_only=True) as connection:
        [(key, name), (other, _)] = connection.execute(
            "select track_key, track_name from marts.agg_listener_tracks"
            " order by stream_count desc, track_key limit 2"
        ).fetchall()
    assert "None: all that was streamed ten times" in said(page("taste"))
    change(
        copy,
        "update marts.agg_listener_tracks set last_played_at = timestamp '2025-07-01',"
        f" stream_count = 10 where track_key = '{key}'",
    )

    forgotten = page("taste").dataframe[-1].value
    change(
        copy,
        "update marts.dim_tracks set recording_key ="
        f" (select recording_key from marts.dim_tracks where track_key = '{key}')"
        f" where track_key = '{other}'",
    )

    assert list(forgotten[["Track", "Streams"]].itertuples(index=False, name=None)) == [(name, 10)]
    assert "None: all that was streamed ten times" in said(page("taste"))


def test_without_the_web_api_taste_says_what_it_needs(copy: Path) -> None:
    change(
        copy,
        "delete from marts.bridge_artist_genres",
        "update marts.dim_tracks"
        " set release_date = null, release_year = null, release_decade = null",
    )

    app = page("taste")

    assert "No genres are known of what was streamed" in said(app)
    assert "came out is not known: that comes from Spotify's Web API" in said(app)
    assert app.dataframe  # obsessions need no catalogue


def test_the_year_in_review_shows_the_figures_of_its_mart(warehouse: Home) -> None:
    [(minutes, streams, artist, wrapped)] = warehouse.query(
        "select minute_count, stream_count, top_artist_name, wrapped_minute_count"
        " from marts.agg_year_in_review where year = 2025"
    )

    app = page("year_in_review", period="2025-03")

    assert "2025, the year of March 2025." in [caption.value for caption in app.caption]
    boxes = [(metric.label, metric.value) for metric in app.metric]
    assert boxes[:2] == [("Minutes", f"{minutes:,}"), ("Streams", f"{streams:,}")]
    assert ("Minutes", f"{wrapped:,}") in boxes[2:]
    table = app.dataframe[0].value
    top = table[table["What"] == "Top artist"]
    assert top["Which"].item() == artist
    assert top["How much"].item().endswith(" % of the music")


def test_of_all_time_the_latest_year_is_reviewed_and_a_year_without_a_stream_is_named(
    copy: Path,
) -> None:
    latest = page("year_in_review")
    assert any(
        caption.value.startswith("2026, the latest year, until ") for caption in latest.caption
    )
    change(copy, "delete from marts.agg_year_in_review where year = 2025")
    assert "No stream in 2025" in said(page("year_in_review", period="2025"))


def test_an_item_shows_the_numbers_of_the_marts(warehouse: Home) -> None:
    [(key, name)] = warehouse.query(
        "select item_key, item_name from marts.agg_period_items"
        " where period = '2025' and item_type = 'artist' and item_rank = 3"
    )
    [(plays, streams, hours, first, last)] = warehouse.query(
        "select count(*), count(*) filter (is_counted),"
        " sum(listened_ms) filter (is_counted) / 3600000, min(listening_date), max(listening_date)"
        f" from marts.fct_plays where artist_key = '{key}'"
    )
    tracks = warehouse.query(
        "select count(*) as streams from marts.fct_plays"
        f" where is_counted and artist_key = '{key}' group by track_key order by streams desc"
    )

    app = page("item", artist=key, period="2025")

    assert app.header[0].value == name
    assert figures(app) == {
        "Plays": f"{plays:,}",
        "Streams": f"{streams:,}",
        "Hours": f"{hours:,.1f} h" if hours < 100 else f"{hours:,.0f} h",
        "First played": f"{first.day} {first:%b %Y}",
        "Last played": f"{last.day} {last:%b %Y}",
    }
    assert list(app.dataframe[0].value["Streams"]) == [streams for (streams,) in tracks]
    assert app.query_params["artist"] == key


def test_what_is_found_and_chosen_stands_in_the_address(warehouse: Home) -> None:
    [(key, name)] = warehouse.query(
        "select item_key, item_name from marts.agg_period_items"
        " where period = 'all_time' and item_type = 'album' and item_rank = 1"
    )
    app = page("item", period="2025")

    app.text_input[0].input(name).run()
    label = next(label for label in app.pills[0].options if "album by" in label)
    app.pills[0].select(label).run()

    assert app.header[0].value == name
    assert app.query_params["album"] == key
    assert "artist" not in app.query_params
    assert app.query_params["period"] == "2025"


@pytest.mark.usefixtures("warehouse")
def test_an_item_that_was_never_played_is_named() -> None:
    assert "me never played the track of this address" in said(page("item", track="none"))
    app = page("item")
    app.text_input[0].input("nobody at all").run()
    assert "me never played anything with “nobody at all”" in said(app)


def test_spoken_words_are_those_of_the_marts(warehouse: Home) -> None:
    [(shows, hours)] = warehouse.query(
        "select count(*), sum(listening_hours) from marts.agg_period_items"
        " where period = '2025' and item_type = 'show'"
    )
    [(book_hours,)] = warehouse.query(
        "select sum(listened_ms) / 3600000 from marts.fct_plays"
        " where is_counted and content_type = 'chapter' and year = 2025"
    )

    shown = figures(page("spoken", period="2025"))

    assert shown["Podcasts"] == f"{shows:,}"
    assert shown["Hours of podcasts"] == f"{hours:,.1f} h"
    assert shown["Hours of audiobooks"] == f"{book_hours:,.1f} h"


def test_without_podcasts_and_audiobooks_it_says_so(copy: Path) -> None:
    change(
        copy,
        "delete from marts.fct_plays where content_type in ('episode', 'chapter')",
        "delete from marts.agg_period_items where item_type = 'show'",
    )

    assert "No podcast and no audiobook was heard in 2025" in said(page("spoken", period="2025"))


def test_of_a_playlist_it_shows_what_was_taken_out_and_what_never_streamed(copy: Path) -> None:
    app = page("playlists")
    [key] = [box.value for box in app.selectbox if box.label == "Playlist"]
    with duckdb.connect(copy) as connection:
        [(items,)] = connection.execute(
            "select count(*) from marts.fct_playlist_memberships where playlist_key = ?", [key]
        ).fetchall()
        [(out, name)] = connection.execute(
            "select membership_key, item_name from marts.fct_playlist_memberships"
            " where playlist_key = ? and item_type = 'track' order by item_position limit 1",
            [key],
        ).fetchall()
    change(
        copy,
        "update marts.fct_playlist_memberships set is_current = false,"
        f" valid_until_at = timestamp '2026-01-10' where membership_key = '{out}'",
    )
    with duckdb.connect(copy, read_only=True) as connection:
        [(never,)] = connection.execute(
            "select count(*) from marts.fct_playlist_memberships as memberships"
            " where playlist_key = ? and is_current and track_key is not null and not exists ("
            " from marts.fct_plays as plays where is_counted and ended_at >= valid_from_at"
            " and plays.track_key = memberships.track_key)",
            [key],
        ).fetchall()

    app = page("playlists")
    assert figures(app) == {
        "Items": f"{items - 1:,}",
        "Never streamed": f"{never:,}",
        "Taken out": "1",
    }
    app.segmented_control[0].set_value("Taken out").run()
    assert list(app.dataframe[-1].value["Item"]) == [name]


def test_without_the_web_api_playlists_are_not_known(copy: Path) -> None:
    change(copy, "delete from marts.dim_playlists")

    assert "No playlists are known yet" in said(page("playlists"))


def test_two_listeners_are_compared_by_the_artists_that_they_share(copy: Path) -> None:
    assert "This warehouse knows me alone." in said(page("compare", period="2025"))
    change(
        copy,
        "insert into marts.dim_listeners"
        " select * replace ('you' as listener, 1 as play_count) from marts.dim_listeners",
        *(
            f"insert into marts.{name} select * replace ('you' as listener) from marts.{name}"
            for name in ("agg_daily_listening", "agg_period_listening")
        ),
        # every stream of half of the artists
        "insert into marts.agg_period_items select * replace ('you' as listener, stream_share"
        " / sum(stream_share) over (partition by period_type, period) as stream_share)"
        " from marts.agg_period_items where item_type = 'artist' and item_key < '8'",
    )
    with duckdb.connect(copy, read_only=True) as connection:
        [(artists, share)] = connection.execute(
            "select count(*), sum(stream_share) from marts.agg_period_items where period = '2025'"
            " and listener = 'me' and item_type = 'artist' and item_key < '8'"
        ).fetchall()

    app = page("compare", period="2025")

    # of mine a part, of yours all: what both have in common is mine
    assert figures(app) == {"Alike": f"{100 * share:.1f} %", "Shared artists": f"{artists:,}"}
    assert len(app.dataframe[0].value) == artists


def test_twenty_days_of_plays_are_enough_for_every_page(copy: Path) -> None:
    change(
        copy,
        "delete from marts.fct_plays where year_month < '2026-01'",
        "delete from marts.agg_daily_listening where listening_date < '2026-01-01'",
        "delete from marts.agg_period_listening where period_start_date < '2026-01-01'",
        "delete from marts.agg_period_item_streams where period < '2026'",
        "delete from marts.agg_period_items where period < '2026'",
        "delete from marts.agg_year_in_review where year < 2026",
        "delete from marts.fct_streaks where ended_date < '2026-01-01'",
    )
    for name in PAGES:
        app = page(name)
        assert not app.exception
        assert app.dataframe or app.metric or "No podcast and no audiobook" in said(app)


def test_one_week_of_plays_is_drawn_by_day_and_no_chart_has_one_point(copy: Path) -> None:
    week = "between '2025-03-10' and '2025-03-16'"
    change(
        copy,
        f"delete from marts.fct_plays where not listening_date {week}",
        f"delete from marts.agg_daily_listening where not listening_date {week}",
        "delete from marts.agg_period_listening where period not in ('all_time', '2025-03')",
        "delete from marts.agg_period_items where period not in ('all_time', '2025-03')",
        "delete from marts.agg_monthly_habits where year_month <> '2025-03'",
        "update marts.dim_listeners set first_played_at = '2025-03-10', last_played_at ="
        " '2025-03-16'",
    )

    spec, rows = drawn(opened())[0]
    assert spec["encoding"]["x"]["timeUnit"] == "utcyearmonthdate"
    assert 1 < len(rows) <= 7
    for name in ("habits", "item"):
        for spec, rows in drawn(page(name)):
            assert len(rows) > 1, (name, spec)
    item = page("item")
    assert any(text.value.startswith("In March 2025 alone: ") for text in item.markdown)
    assert not any("Place among all" in text.value for text in item.markdown)


def test_where_nothing_counts_nobody_had_been_heard_before(copy: Path) -> None:
    change(
        copy,
        "update marts.fct_plays set is_counted = false",
        "update marts.agg_daily_listening set stream_count = 0, listening_hours = 0",
    )

    app = opened()

    assert "No artist was streamed since" in said(app)
    assert "heard before" not in said(app)
    assert "No stream in all time: what was played was too short to count." in said(app)


@pytest.mark.usefixtures("warehouse")
def test_the_address_keeps_what_was_chosen() -> None:
    app = opened(period="2025-03")
    assert app.selectbox[0].value == "2025-03"

    app.selectbox[0].select("2025").run()

    assert app.query_params["period"] == "2025"
    assert app.query_params["listener"] == "me"


@pytest.mark.usefixtures("warehouse")
def test_an_unknown_listener_in_the_address_is_named() -> None:
    app = opened(listener="nobody")

    assert "Nobody called “nobody” has plays here: this is me." in said(app)
    assert figures(app)


@pytest.mark.parametrize("period", ["1999", "2025-13", "'; drop table", "yesterday"])
@pytest.mark.usefixtures("warehouse")
def test_a_period_without_plays_in_the_address_is_named(period: str) -> None:
    app = opened(period=period)

    assert f"me played nothing in “{period}”: this is all time." in said(app)
    assert figures(app)


def test_without_a_warehouse_it_says_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUCKDB_PATH", str(tmp_path / "none.duckdb"))

    assert "There is no warehouse at `none.duckdb` yet" in said(opened())
    assert not (tmp_path / "none.duckdb").exists()


def test_without_marts_it_says_how_to_build_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(tmp_path / "raw.duckdb", "create schema spotify_export")
    monkeypatch.setenv("DUCKDB_PATH", str(tmp_path / "raw.duckdb"))

    assert "The marts are not built yet: run `make build`." in said(opened())


def test_without_plays_it_says_how_to_import_some(copy: Path) -> None:
    change(copy, "delete from marts.dim_listeners")

    assert "The warehouse holds no plays yet" in said(opened())


def test_marts_of_another_version_are_to_be_built_again(copy: Path) -> None:
    change(copy, "alter table marts.fct_streaks rename column day_count to days")

    app = opened()
    assert not app.exception
    with pytest.raises(data.Unavailable, match="another version of spotify-elt: run `make build`"):
        data.ask("streaks", listener="me", from_date="2025-01-01", until_date="2026-01-01")


def test_without_the_web_api_it_says_what_genres_need(copy: Path) -> None:
    change(
        copy,
        "delete from marts.agg_period_items where item_type = 'genre'",
        "delete from marts.bridge_artist_genres",
        "delete from marts.mon_enrichment_coverage",
    )

    app = page("top")
    app.segmented_control[0].set_value("Genres").run()

    assert "No genres are known yet" in said(app)
    assert "genres, covers, lengths and release dates are missing" in said(page("data"))


@pytest.mark.usefixtures("warehouse")
def test_no_column_of_a_table_bears_its_name_in_the_marts() -> None:
    for name in PAGES:
        for table in page(name, period="2025").dataframe:
            assert not [column for column in table.value.columns if "_" in column]


def test_a_run_that_writes_is_waited_for(copy: Path) -> None:
    writer = write_for(1.5, copy)

    started = time.monotonic()
    app = opened()

    assert not app.exception
    assert figures(app)
    assert time.monotonic() - started < 60
    assert writer.wait() == 0


def test_what_was_shown_stays_while_a_run_writes(copy: Path) -> None:
    before = figures(opened())
    change(copy, "create table marts.something_new (id integer)")  # so that memory is out of date
    writer = write_for(30, copy)

    after = figures(opened())

    assert after == before
    assert writer.poll() is None, "the writer was over first"
    writer.kill()
    writer.wait()


def test_a_run_that_takes_too_long_is_told_of(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "PATIENCE_SECONDS", 0.5)
    writer = write_for(30, copy)

    assert "A run is writing to the warehouse" in said(opened())
    writer.kill()
    writer.wait()


def write_for(seconds: float, path: Path) -> subprocess.Popen[str]:
    """Another process that has the warehouse open for writing; returns once it has."""
    writer = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import duckdb, sys, time\n"
            "with duckdb.connect(sys.argv[1]):\n"
            "    print('open', flush=True)\n"
            "    time.sleep(float(sys.argv[2]))\n",
            str(path),
            str(seconds),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout
    assert writer.stdout.readline() == "open\n"
    return writer
