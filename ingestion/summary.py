"""What people read at the end of a run: what was found, what counts, what to do next."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path
from typing import Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ingestion.settings import Settings, load_settings
from ingestion.spotify_api.tokens import signed_in_listeners
from ingestion.spotify_export.report import FileOutcome, ImportReport
from ingestion.status import show_changed_types
from ingestion.warehouse import Row, Warehouse, engine_of, open_warehouse

_PROBLEMS_SHOWN: Final = 5
_TOP: Final = 10

#: So many listeners are each told of in full, a household. Of more, as in a study, the one of this
#: run is, and the others have a line each, so many of them.
_HOUSEHOLD: Final = 4
_LINES: Final = 20

_BAR_WIDTH: Final = 24

#: exclusion_reason as a person would say it.
_NOT_COUNTED: Final = {
    "retry": "written again by a retry",
    "covered_by_extended_history": "in the account data alone, where the full history is silent",
    "content_type": "of a kind that is left out",
    "private_session": "in a private session",
}


def show_import(console: Console, report: ImportReport) -> None:
    """What became of the files, and everything that was set aside and why."""
    loaded = f"{report.rows_loaded:,} rows from {_files(report.new_files)}"
    facts = [f"[bold]{loaded}[/] loaded" if report.new_files else "[bold]nothing new[/]"]
    if report.unchanged_files:
        facts.append(f"{_files(report.unchanged_files)} already loaded")
    left_alone = [file for file in report.files if file.status == "ignored"]
    if left_alone:
        facts.append(f"{_files(len(left_alone))} left alone ({_names(left_alone)})")
    console.print(f"Read     {', '.join(facts)} in {report.seconds:.1f} s", soft_wrap=True)
    if report.has_problems:
        console.print(f"[yellow]Set aside[/] {report.problem_count:,} of what was given:")
        for problem in report.problems[:_PROBLEMS_SHOWN]:
            where = f"{problem.archive}/{problem.member}" if problem.member else problem.archive
            row = f", row {problem.file_row:,}" if problem.file_row else ""
            console.print(f"  {escape(where)}{row}: {escape(problem.reason)}", highlight=False)
        if report.problem_count > _PROBLEMS_SHOWN:
            console.print("  ... all of them are in spotify_export.import_problems")


def _files(count: int) -> str:
    return f"{count:,} file{'' if count == 1 else 's'}"


def _names(files: list[FileOutcome]) -> str:
    names = list(dict.fromkeys(Path(file.member or file.archive).stem for file in files))
    return escape(", ".join(names[:3]) + (", ..." if len(names) > 3 else ""))


def show_summary(console: Console, settings: Settings) -> None:
    """The listener's history in a dozen lines, from the marts; of many others, a line each.

    Raises:
        WarehouseError: the warehouse cannot be opened.
    """
    with open_warehouse(settings, read_only=True) as warehouse:
        if "fct_plays" not in warehouse.tables("marts"):
            console.print("There are no marts yet: run `spotify-elt run` first.")
            return
        listeners = warehouse.query(
            "select listener, time_zone, play_count, stream_count, listening_hours,"
            " first_played_at, last_played_at from marts.dim_listeners"
            " order by listener = ? desc, listener",
            [settings.listener],
        )
        are_few = len(listeners) <= _HOUSEHOLD
        in_full = [row for row in listeners if are_few or row[0] == settings.listener]
        for listener in in_full:
            _show_listener(console, warehouse, listener)
        if not are_few:
            _show_in_lines(console, warehouse, [row for row in listeners if row not in in_full])
        show_changed_types(console, warehouse)
    _show_next_steps(console, settings)


def _show_listener(console: Console, warehouse: Warehouse, row: Row) -> None:
    listener, time_zone, plays, streams, hours, first, last = row
    console.print()
    console.print(f"[bold green]{escape(listener)}[/], on the clocks of {time_zone}")
    if not plays:
        console.print("no play yet: neither an export nor Spotify has told of one")
        return
    console.print(
        f"[bold]{hours:,.0f} hours[/] in [bold]{streams:,}[/] streams of {plays:,} plays,"
        f" {first:%-d %B %Y} to {last:%-d %B %Y}"
    )
    _show_not_counted(console, warehouse, listener)
    _show_what_is_uncertain(console, warehouse, listener)
    _show_top_artists(console, warehouse, listener)
    _show_genres(console, warehouse, listener)


def _show_in_lines(console: Console, warehouse: Warehouse, listeners: list[Row]) -> None:
    """A line each: a page for each of a hundred nobody reads, and its queries may be billed."""
    gaps = "select distinct listener from marts.mon_collection_gaps where not is_filled"
    may_miss = {listener for (listener,) in warehouse.query(gaps)}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Others", max_width=40, no_wrap=True)
    for name in ("hours", "streams", "plays", "last play"):
        table.add_column(name, justify="right")
    table.add_column("")
    for listener, _, plays, streams, hours, _, last in listeners[:_LINES]:
        table.add_row(
            escape(listener),
            f"{hours or 0:,.0f}",
            f"{streams or 0:,}",
            f"{plays or 0:,}",
            f"{last:%-d %B %Y}" if last else "",
            "[yellow]plays may be missing[/]" if listener in may_miss else "",
        )
    console.print(table)
    if len(listeners) > _LINES:
        console.print(f"... and {len(listeners) - _LINES:,} more, in marts.dim_listeners")


def _show_not_counted(console: Console, warehouse: Warehouse, listener: str) -> None:
    reasons: Counter[str] = Counter()
    for reason, count in warehouse.query(
        "select exclusion_reason, count(*) from marts.fct_plays"
        " where listener = ? and not is_counted group by exclusion_reason",
        [listener],
    ):
        reasons[reason] = count
    records = warehouse.query(
        "select match_rule, count(*) from marts.bridge_play_records"
        " where listener = ? and match_rule != 'first_record' group by match_rule",
        [listener],
    )
    for reason, count in reasons.most_common():
        words = _NOT_COUNTED.get(reason, reason.replace("_", " "))
        plays = "play" if count == 1 else "plays"
        console.print(f"  {count:>9,} {plays} not counted: {words}", soft_wrap=True)
    repeats = sum(count for _, count in records)
    if repeats:
        console.print(f"  {repeats:>9,} more records of the same plays, counted once")


def _show_what_is_uncertain(console: Console, warehouse: Warehouse, listener: str) -> None:
    """What an export will settle: lengths that are estimated, and plays that may be missing."""
    [(estimated,)] = warehouse.query(
        "select count(estimated_ms_played) from marts.fct_plays where listener = ?", [listener]
    )
    if estimated:
        console.print(
            f"  {estimated:>9,} recent plays with an estimated length, until an export tells",
            soft_wrap=True,
        )
    for start, end in warehouse.query(
        "select gap_started_at, gap_ended_at from marts.mon_collection_gaps"
        " where listener = ? and not is_filled order by gap_started_at",
        [listener],
    ):
        console.print(
            f"  [yellow]plays may be missing from {start:%-d %B %Y %H:%M} to {end:%-d %B %Y %H:%M}"
            " UTC[/]; the next export fills that in",
            soft_wrap=True,
        )


def _show_top_artists(console: Console, warehouse: Warehouse, listener: str) -> None:
    artists = warehouse.query(
        "select artist_name, sum(listening_hours) as hours, sum(stream_count)"
        " from marts.agg_monthly_artists where listener = ?"
        " group by artist_key, artist_name order by hours desc, artist_name limit ?",
        [listener, _TOP],
    )
    if not artists:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Top artists", max_width=40, no_wrap=True)
    table.add_column("hours", justify="right")
    table.add_column("streams", justify="right")
    table.add_column("")
    most = artists[0][1]
    for name, hours, streams in artists:
        bar = Text("█" * max(1, round(_BAR_WIDTH * hours / most)), style="green")
        table.add_row(escape(name), f"{hours:,.1f}", f"{streams:,}", bar)
    console.print(table)


def _show_genres(console: Console, warehouse: Warehouse, listener: str) -> None:
    genres = warehouse.query(
        "select genres.broad_genre, sum(artists.listening_hours) as hours"
        " from marts.agg_monthly_artists as artists"
        " inner join (select distinct artist_key, broad_genre from marts.bridge_artist_genres)"
        " as genres using (artist_key)"
        " where artists.listener = ? group by genres.broad_genre"
        " order by hours desc, genres.broad_genre limit ?",
        [listener, _TOP],
    )
    if genres:
        words = ", ".join(f"{genre} {_in_words(hours)}" for genre, hours in genres)
        console.print(f"Genres     {escape(words)}", soft_wrap=True)


def _in_words(hours: float) -> str:
    return f"{hours:,.0f} h" if hours >= 1 else f"{hours * 60:.0f} min"


def _show_next_steps(console: Console, settings: Settings) -> None:
    engine = engine_of(settings)
    schema = f"{settings.schema_prefix}marts"
    console.print(
        f"Warehouse  {escape(engine.place)} (schema {schema}; begin with fct_plays)", soft_wrap=True
    )
    if not settings.listener_timezone:
        console.print(
            f"Time zone  {settings.time_zone} is this machine's;"
            " LISTENER_TIMEZONE=Europe/Oslo sets yours"
        )
    if not signed_in_listeners(settings):
        console.print(
            "Fresher    `spotify-elt login`, once: then each run asks Spotify for what is new,"
            " genres and releases too",
            soft_wrap=True,
        )
    make = f"{unusual_variables(settings)}make"
    console.print(
        f"Next       `{make} dashboard` to look at it, `{make} docs` for every table and column,"
        f" `{make} parquet` for files, any BI tool that opens {engine.opened_by}",
        soft_wrap=True,
    )


def unusual_variables(settings: Settings) -> str:
    """What to say before a command that is to find the same warehouse: of the demo, its file."""
    usual = load_settings()
    given = ""
    if settings.duckdb_path.absolute() != usual.duckdb_path.absolute():
        path = settings.duckdb_path.absolute()
        here = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        given += f"DUCKDB_PATH={shlex.quote(str(here))} "
    if settings.schema_prefix != usual.schema_prefix:
        given += f"SCHEMA_PREFIX={settings.schema_prefix} "
    return given
