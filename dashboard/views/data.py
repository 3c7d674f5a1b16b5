"""Data: where the numbers come from, what was left out and why, and how sure they are."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc
import streamlit as st

from dashboard import charts, tables
from dashboard.data import ask
from dashboard.selection import Selection
from dashboard.words import (
    KINDS,
    OVERLAPPING,
    RECORDS,
    RULES,
    SOURCES,
    STATUSES,
    day,
    moment,
    number,
    plain,
    reason,
    share,
)


def show(selection: Selection) -> None:
    """The page; it is about all time, whichever period is chosen."""
    st.caption("Everything that was ever loaded, whichever period is chosen; times in UTC.")
    listener = selection.listener
    records = ask("records", listener=listener).to_pylist()
    _show_sums(listener, records)
    _show_sources(listener)
    _show_not_counted(listener)
    _show_overlap(listener)
    _show_rules(records)
    _show_gaps(listener)
    _show_files(listener)
    _show_enrichment()
    _show_costs()


def _show_sums(listener: str, records: list[dict[str, Any]]) -> None:
    [row] = [row for row in ask("listeners").to_pylist() if row["listener"] == listener]
    record_count = sum(record["record_count"] for record in records)
    tables.figures(
        {
            "Records": (number(record_count), None),
            "Plays": (number(row["play_count"]), None),
            "Streams": (number(row["stream_count"]), None),
        }
    )
    again = record_count - row["play_count"]
    short = row["play_count"] - row["stream_count"]
    st.caption(
        f"Each record of a file or a poll is a play, or one of {number(again)} that tell of the"
        f" same play again. {number(short)} plays do not count as streams. No row is dropped."
    )


def _show_sources(listener: str) -> None:
    st.subheader("Where plays come from", anchor=False)
    charts.source_months(ask("source_months", listener=listener))
    tables.show(
        [
            {
                "Source": SOURCES[row["play_source"]],
                "Plays": row["play_count"],
                "Reaches to": moment(row["last_play_at"]),
                "Last loaded": moment(row["loaded_at"]),
            }
            for row in ask("freshness", listener=listener).to_pylist()
        ],
        {"Plays": tables.count()},
    )


def _show_not_counted(listener: str) -> None:
    st.subheader("Plays that do not count, and why", anchor=False)
    rows = ask("not_counted", listener=listener).to_pylist()
    if not rows:
        st.info("Every play counts as a stream.")
        return
    tables.show(
        [
            {
                "Why": reason(row["exclusion_reason"]),
                "Plays": row["play_count"],
                "Hours heard in them": row["heard_hours"],
            }
            for row in rows
        ],
        {
            "Why": st.column_config.TextColumn(width="large"),
            "Plays": tables.count(),
            "Hours heard in them": tables.hours(),
        },
    )


def _show_overlap(listener: str) -> None:
    st.subheader("Do the sources agree?", anchor=False)
    rows = ask("source_overlap", listener=listener).to_pylist()
    if not rows:
        st.info("One source speaks at a time, so there is nothing to compare yet.")
        return
    for row in rows:
        one, other = OVERLAPPING[row["source"]], OVERLAPPING[row["other_source"]]
        st.markdown(
            f"**{one} and {other}** both tell of {day(row['first_shared_at'])} to"
            f" {day(row['last_shared_at'])}: {number(row['shared_count'])} plays are in both."
            f" {other} has {share(row['source_found_share'])} of what {one} holds, and {one} has"
            f" {share(row['other_found_share'])} of what {other} holds."
        )
    tables.show(
        [
            {
                "One source": OVERLAPPING[row["source"]],
                "The other": OVERLAPPING[row["other_source"]],
                "In both": row["shared_count"],
                "Only in the one": row["source_only_count"],
                "Only in the other": row["other_only_count"],
            }
            for row in rows
        ],
        {
            "In both": tables.count(),
            "Only in the one": tables.count(),
            "Only in the other": tables.count(),
        },
    )
    if any(row["source"] == "api" or row["other_source"] == "api" for row in rows):
        st.caption(
            "The Web API shows only the latest 50 plays: what was played while nobody asked is in"
            " the other alone."
        )


def _show_rules(records: list[dict[str, Any]]) -> None:
    st.subheader("How records became plays", anchor=False)
    has_distances = any(row["farthest_seconds"] is not None for row in records)
    cells = []
    for row in records:
        cell = {
            "Records of": plain(RECORDS, row["record_kind"]),
            "Rule": plain(RULES, row["match_rule"]),
            "Records": row["record_count"],
            "Share": row["record_share"],
        }
        if has_distances:
            cell |= {
                "≤ 2 s away": row["within_2_seconds_count"],
                "≤ 1 min": row["within_a_minute_count"],
                "Farther": row["farther_count"],
            }
        cells.append(cell)
    tables.show(
        cells,
        {
            "Rule": st.column_config.TextColumn(width="medium"),
            "Records": tables.count(),
            "Share": tables.share(),
            "≤ 2 s away": tables.count(),
            "≤ 1 min": tables.count(),
            "Farther": tables.count(),
        },
    )


def _show_gaps(listener: str) -> None:
    st.subheader("Gaps", anchor=False)
    rows = ask("gaps", listener=listener).to_pylist()
    if not rows:
        st.info("No gap is known: no poll of the Web API came too late.")
        return
    tables.show(
        [
            {
                "From": moment(row["gap_started_at"]),
                "To": moment(row["gap_ended_at"]),
                "State": "filled by an export" if row["is_filled"] else "plays may be missing",
                "Plays from the Web API": row["api_play_count"],
                "Plays from exports": row["export_play_count"],
            }
            for row in rows
        ],
        {"Plays from the Web API": tables.count(), "Plays from exports": tables.count()},
    )


def _show_files(listener: str) -> None:
    st.subheader("Files, and what was set aside", anchor=False)
    rows = ask("files", listener=listener).to_pylist()
    if not rows:
        st.info("No export was imported: all plays come from the Web API.")
        return
    problems = sum(row["problem_count"] for row in rows)
    unread = sum(1 for row in rows if row["status"] == "set_aside")
    reconciled = [row["is_reconciled"] for row in rows if row["is_reconciled"] is not None]
    wrong = reconciled.count(False)
    st.markdown(
        f"{number(problems)} rows and {number(unread)} files could not be read and were set aside. "
        + (
            f"In {number(wrong)} files of plays the rows do not add up: `make build`, then tell us."
            if wrong
            else f"In all {number(len(reconciled))} files of plays every row is accounted for."
        )
    )
    tables.show(
        [
            {
                "File": (row["member"] or row["archive"]).rsplit("/")[-1],
                "State": plain(STATUSES, row["status"]),
                "Rows": row["row_count"],
                "Set aside": row["problem_count"],
                "Why": row["reason"] or "",
                "From": row["archive"],
                "Loaded": moment(row["loaded_at"]),
            }
            for row in rows
        ],
        {
            "File": st.column_config.TextColumn(width="large"),
            "Rows": tables.count(),
            "Set aside": tables.count(),
        },
        rows=8,
    )


def _show_enrichment() -> None:
    st.subheader("What Spotify's catalogue told", anchor=False)
    rows = ask("enrichment").to_pylist()
    if not any(row["known_count"] for row in rows):
        st.info(
            "Nothing yet, so genres, covers, lengths and release dates are missing: sign in with"
            " `make login`, then `make run`."
        )
        return
    st.caption("Of all listeners of this warehouse together.")
    tables.show(
        [
            {
                "Kind": plain(KINDS, row["kind"]),
                "Mentioned": row["mentioned_count"],
                "Known": row["known_count"],
                "Asked for, not there": row["missed_count"],
                "Share known": row["coverage_share"],
                "Share of plays": row["play_coverage_share"],
            }
            for row in rows
        ],
        {
            "Mentioned": tables.count(),
            "Known": tables.count(),
            "Asked for, not there": tables.count(),
            "Share known": tables.share(),
            "Share of plays": tables.share(),
        },
    )


def _show_costs() -> None:
    st.subheader("What the warehouse takes", anchor=False)
    days = ask("costs_by_day")
    if not days.num_rows:
        st.info("Nothing is noted yet: a build that finds something new does it, once a day.")
        return
    for column, title in (("stored_bytes", "Bytes stored"), ("billed_bytes", "Bytes billed")):
        noted = days.filter(pc.is_valid(days[column]))
        if noted.num_rows > 1:
            charts.line_over_time(noted, column, title=title, unit="day", number_format=".3~s")
    items = ask("costs_by_item").to_pylist()
    tables.show(
        [
            {
                "What lies there": ".".join(filter(None, (row["schema_name"], row["item_name"]))),
                "Size": row["byte_count"],
                "More than on the day noted before": row["added_byte_count"],
            }
            for row in items
            if row["cost_type"] == "storage"
        ],
        {
            "What lies there": st.column_config.TextColumn(width="large"),
            "Size": tables.size(),
            "More than on the day noted before": tables.size(),
        },
    )
    billed = [row for row in items if row["cost_type"] == "queries"]
    if billed:
        st.caption("What queries were billed for in the month of the last note:")
        tables.show(
            [
                {
                    "Who asked": row["item_name"],
                    "Queries": row["query_count"],
                    "Billed": row["byte_count"],
                }
                for row in billed
            ],
            {"Queries": tables.count(), "Billed": tables.size()},
        )
    st.caption(
        "Noted once a day before a build, of all listeners together; “make costs” tells of now, and"
        " how near the limits are."
    )
