"""The raw tables of the Web API in an open warehouse, as one listener's collection uses them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final

from ingestion.errors import UserError
from ingestion.spotify_api.plays import PlayKey, key_of
from ingestion.spotify_api.spool import Batch, Row, Spool
from ingestion.spotify_api.state import LOADED, Memory, memory_of, pipeline_of
from ingestion.spotify_api.tables import COLLECTION_RUNS, RAW_TABLES, SCHEMA
from ingestion.warehouse import Loader, Warehouse
from ingestion.warehouse.inserting import VALUES_PER_QUERY, chunks, insert_rows, marks
from ingestion.warehouse.loader import causes

#: Plays that a poll compares with: a few times what Spotify can show.
_RECENT_PLAYS: Final = 1_000

#: Whole objects of the catalogue that rows of other tables carry: (table, field, catalogue table);
#: an entry of a playlist says itself whether it is a track or an episode.
_CARRIED: Final = (
    ("recently_played", "track", "tracks"),
    ("top_tracks", "track", "tracks"),
    ("saved_tracks", "track", "tracks"),
    ("playlist_tracks", "item", "tracks"),
    ("playlist_tracks", "item", "episodes"),
    ("saved_albums", "album", "albums"),
    ("saved_shows", "show", "shows"),
    ("saved_episodes", "episode", "episodes"),
    ("top_artists", "artist", "artists"),
    ("followed_artists", "artist", "artists"),
    ("episodes", "show", "shows"),
)


def ensure_tables(warehouse: Warehouse) -> None:
    """Create every raw table and column that is missing; dlt is not even started if none is."""
    present = warehouse.column_types(SCHEMA)
    declared = {name: columns for table in RAW_TABLES for name, columns in table.tables.items()}
    if all(columns.keys() <= present.get(name, {}).keys() for name, columns in declared.items()):
        return
    from ingestion.spotify_api.source import declared_schema

    warehouse.loader(SCHEMA).create_tables(declared_schema())


def told_to_wait_until(warehouse: Warehouse, client_id: str | None) -> datetime | None:
    """Until when Spotify wants no calls of an app, as the run of any listener was told; aware UTC.

    Args:
        warehouse: with the raw tables.
        client_id: of the app.
    """
    ((until,),) = warehouse.query(
        f"select max(try_later_until) from {SCHEMA}.collection_runs where client_id = ?",
        [client_id],
    )
    return until.astimezone(UTC) if until else None


class Store:
    """What one listener's collection reads from the warehouse and loads into it.

    Args:
        warehouse: open; the tables are made if they are not there.
        listener: whose collection it is.
        good_for: how long an object of the catalogue is good; of one that is older, what another
            answer carries is kept.
    """

    def __init__(self, warehouse: Warehouse, listener: str, good_for: timedelta) -> None:
        ensure_tables(warehouse)
        self.warehouse = warehouse
        self._listener = listener
        self._pipeline = pipeline_of(listener)
        self._good_for = good_for

    @cached_property
    def _loader(self) -> Loader:
        return self.warehouse.loader(SCHEMA, self._pipeline)

    def memory(self) -> Memory:
        """What is remembered of the listener."""
        return memory_of(self.warehouse, self._listener)

    def recent_plays(self) -> set[PlayKey]:
        """The plays that came last, to know them again."""
        return set(
            self._play_keys(f"order by played_at desc limit {_RECENT_PLAYS}"),
        )

    def calls_since(self, moment: datetime) -> int:
        """Calls that runs which began later have made."""
        ((calls,),) = self.warehouse.query(
            f"select coalesce(sum(calls), 0) from {SCHEMA}.collection_runs"
            " where listener = ? and started_at > ?",
            [self._listener, moment],
        )
        return int(calls)

    def told_to_wait_until(self, client_id: str | None) -> datetime | None:
        """See the function of this name."""
        return told_to_wait_until(self.warehouse, client_id)

    def load(self, spool: Spool) -> None:
        """Load what is in the spool, and empty it; what cannot be stored is set aside there."""
        self._clear_up_after_a_kill()
        for batch in spool.batches():
            runs = batch.rows.pop("collection_runs", [])
            known_trouble = spool.trouble()
            self._load_answers(batch, spool)
            if spool.trouble() != known_trouble:
                _tell_trouble(runs, spool.trouble())
            self._note_runs(runs)
            batch.delete()
        spool.close()

    def _load_answers(self, batch: Batch, spool: Spool) -> None:
        """Load a batch whole; if that fails for what is in it, all of it that can be stored.

        A part is remembered by the batch's name and how far it goes, so that none is loaded twice.
        """
        loaded, _, part = str(self.memory()[LOADED] or "").partition("+")
        if batch.is_left_behind and loaded == batch.name and not part:
            return
        rows = [(table, row) for table, rows in batch.rows.items() for row in rows]
        begin = int(part) if part and loaded == batch.name else 0
        error = self._trouble_with(batch.part(rows[begin:], batch.changes))
        if error:
            self._load_by_halves(batch, spool, rows, begin, len(rows), error)
            self._load_batch(batch.part([], batch.changes))

    def _load_by_halves(
        self,
        batch: Batch,
        spool: Spool,
        rows: list[tuple[str, Row]],
        begin: int,
        end: int,
        error: Exception,
    ) -> None:
        """Load rows of which at least one cannot be stored, as `error` says, and set that aside."""
        self._start_anew()
        if end - begin == 0:
            raise error
        if end - begin == 1:
            spool.set_aside(*rows[begin], _in_one_line(error))
            return
        middle = (begin + end) // 2
        for first, last in ((begin, middle), (middle, end)):
            error_of_half = self._trouble_with(batch.part(rows[first:last], {}, f"+{last}"))
            if error_of_half:
                self._load_by_halves(batch, spool, rows, first, last, error_of_half)

    def _trouble_with(self, batch: Batch) -> Exception | None:
        """Load a batch; the error, if what is in it does not let it be stored."""
        try:
            self._load_batch(batch)
        except Exception as error:
            if not _is_about_rows(error):
                raise
            return error
        return None

    def _start_anew(self) -> None:
        """Forget what dlt has left of a load that failed."""
        self.__dict__.pop("_loader", None)
        self._clear_up_after_a_kill()

    def _load_batch(self, batch: Batch) -> None:
        memory = self.memory()
        self._leave_out_known_plays(batch)
        self._add_carried_objects(batch)
        if batch.rows or any(memory[key] != value for key, value in batch.changes.items()):
            with self._unfinished_until_done(batch.name):
                self._load_with_dlt(batch)
            self._forget_old_states()

    def _note_runs(self, runs: list[Row]) -> None:
        """Insert rows of `collection_runs` with their children, all at once or not at all.

        Here and not with dlt, because that takes a second, and most polls have nothing else.
        """
        noted = self._noted_runs(run["run_id"] for run in runs)
        rows: list[Row] = []
        children: list[Row] = []
        for run in runs:
            run_id = run["run_id"]
            if run_id in noted:
                continue
            for index, resource in enumerate(run.pop("resources", [])):
                of_run = {"_dlt_parent_id": run_id, "_dlt_list_idx": index}
                children.append({**resource, **of_run, "_dlt_id": f"{run_id}-{index}"})
            rows.append({**run, "_dlt_load_id": run_id, "_dlt_id": run_id})
        with self.warehouse.transaction():
            insert_rows(self.warehouse, f"{SCHEMA}.collection_runs", rows)
            insert_rows(self.warehouse, f"{SCHEMA}.collection_runs__resources", children)

    def _noted_runs(self, run_ids: Iterable[str]) -> set[str]:
        noted: set[str] = set()
        for ids in chunks(run_ids, VALUES_PER_QUERY):
            rows = self.warehouse.query(
                f"select run_id from {SCHEMA}.collection_runs where run_id in ({marks(ids)})", ids
            )
            noted.update(run_id for (run_id,) in rows)
        return noted

    def _load_with_dlt(self, batch: Batch) -> None:
        from ingestion.spotify_api.source import answers  # here, because dlt is slow to import

        ((schema,),) = self.warehouse.query(
            f"select schema from {SCHEMA}._dlt_version where schema_name = ?"
            " order by inserted_at desc limit 1",
            [SCHEMA],
        )
        self._loader(answers(batch, schema))

    @contextmanager
    def _unfinished_until_done(self, name: str) -> Iterator[None]:
        """Have the warehouse know of a load for as long as it lasts, and longer if it is killed.

        The disk that says so too may be gone with the killed run. dlt's own loads have status 0.
        """
        self.warehouse.query(
            f"insert into {SCHEMA}._dlt_loads (load_id, schema_name, status, inserted_at)"
            " values (?, ?, 1, ?)",
            [name, SCHEMA, datetime.now(UTC)],
        )
        yield
        self.warehouse.query(f"delete from {SCHEMA}._dlt_loads where load_id = ?", [name])

    def _clear_up_after_a_kill(self) -> None:
        """Delete the rows of loads that did not come to their end, else they pass for known."""
        loads = f"{SCHEMA}._dlt_loads where schema_name = ? and status = 1"
        ((unfinished,),) = self.warehouse.query(f"select count(*) from {loads}", [SCHEMA])
        if unfinished:
            self._delete_leftovers()
            self.warehouse.query(f"delete from {loads}", [SCHEMA])

    def _delete_leftovers(self) -> None:
        present = self.warehouse.column_types(SCHEMA)
        for raw_table in RAW_TABLES:
            if raw_table is COLLECTION_RUNS:
                continue  # not loaded by dlt
            name, *children = raw_table.tables
            self.warehouse.query(
                f"delete from {SCHEMA}.{name} where _dlt_load_id not in"
                f" (select load_id from {SCHEMA}._dlt_loads)"
            )
            for child in children:
                if child in present:
                    self.warehouse.query(
                        f"delete from {SCHEMA}.{child} where _dlt_parent_id not in"
                        f" (select _dlt_id from {SCHEMA}.{raw_table.parent_of(child)})"
                    )

    def _forget_old_states(self) -> None:
        """Keep dlt's latest state alone; it adds one with every load."""
        self.warehouse.query(
            f"delete from {SCHEMA}._dlt_pipeline_state where pipeline_name = ? and version <"
            f" (select max(version) from {SCHEMA}._dlt_pipeline_state where pipeline_name = ?)",
            [self._pipeline, self._pipeline],
        )

    def _play_keys(self, which: str, parameters: Collection[object] = ()) -> Iterator[PlayKey]:
        rows = self.warehouse.query(
            "select played_at, coalesce(track__id, track__uri, '')"
            f" from {SCHEMA}.recently_played where listener = ? {which}",
            [self._listener, *parameters],
        )
        return (PlayKey(played_at.astimezone(UTC), track) for played_at, track in rows)

    def _leave_out_known_plays(self, batch: Batch) -> None:
        """Two polls may have seen the same plays without knowing of each other."""
        plays = {key_of(row): row for row in batch.rows.pop("recently_played", [])}
        if not plays:
            return
        times = [key.played_at for key in plays]
        known = set(self._play_keys("and played_at between ? and ?", [min(times), max(times)]))
        new = [row for key, row in plays.items() if key not in known]
        if new:
            batch.rows["recently_played"] = new

    def _add_carried_objects(self, batch: Batch) -> None:
        """Put what other answers carry whole into the catalogue, where it lacks it."""
        for table, field, kind in _CARRIED:
            objects: dict[str, Row] = {}
            for row in batch.rows.get(table, []):
                item = row.get(field) or {}
                if item.get("id") and _type_of(item, field) == kind.removesuffix("s"):
                    objects[item["id"]] = {**item, "observed_at": row["observed_at"]}
            answered = {row.get("id") for row in batch.rows.get(kind, [])}
            lacking = objects.keys() - answered - self._good_ids(kind, objects)
            if lacking:
                batch.rows.setdefault(kind, []).extend(objects[id_] for id_ in sorted(lacking))

    def _good_ids(self, kind: str, objects: dict[str, Row]) -> set[str]:
        """Which of the objects the catalogue has seen lately."""
        good: set[str] = set()
        for ids in chunks(objects, VALUES_PER_QUERY):
            rows = self.warehouse.query(
                f"select id from {SCHEMA}.{kind} where observed_at > ? and id in ({marks(ids)})",
                [_earliest(objects) - self._good_for, *ids],
            )
            good.update(id_ for (id_,) in rows)
        return good


def _type_of(item: Row, field: str) -> str:
    """What an object is: by its word, else by its URI, else by the field that it stands in."""
    in_uri = re.match(r"spotify:(\w+):", str(item.get("uri") or ""))
    return item.get("type") or (in_uri[1] if in_uri else field)


def _is_about_rows(error: Exception) -> bool:
    """Whether a load failed for what the rows are, and not for the warehouse or its disk."""
    if isinstance(error, UserError) or any(isinstance(cause, OSError) for cause in causes(error)):
        return False
    if isinstance(error, (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)):
        return True
    # dlt says at which step; before the last it has not touched the warehouse
    return getattr(error, "step", None) in {"extract", "normalize"}


def _in_one_line(error: Exception) -> str:
    """What lies at the bottom of an error."""
    *_, first = causes(error)
    text = str(first).splitlines()
    return f"{type(first).__name__}: {text[0]}" if text else type(first).__name__


def _tell_trouble(runs: list[Row], trouble: str | None) -> None:
    """Let the last of the runs say what could not be stored of its answers."""
    for run in runs[-1:]:
        run["message"] = "; ".join(filter(None, [run.get("message"), trouble]))
        if run["outcome"] == "complete":
            run["outcome"] = "failed"


def _earliest(objects: dict[str, Row]) -> datetime:
    return min(datetime.fromisoformat(row["observed_at"]) for row in objects.values())
