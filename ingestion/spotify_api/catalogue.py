"""Enrichment: what plays mention and the catalogue lacks, most played first.

This is the one place where something upstream reads the warehouse: it asks which tracks, artists,
albums and episodes have not been looked up yet. Nothing else has to be remembered: a run that is
killed or out of calls goes on where it stopped, because what it has asked for is there.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ingestion.spotify_api.errors import BadRequest, Forbidden, NotFound, Unavailable
from ingestion.spotify_api.spool import Answer, Row, stored
from ingestion.spotify_api.state import Memory
from ingestion.spotify_api.tables import SCHEMA
from ingestion.warehouse import Warehouse

if TYPE_CHECKING:
    # who only counts what is missing, as a summary does, need not wait for spotipy
    from ingestion.spotify_api.client import Clock, Json, SpotifyClient

logger = logging.getLogger(__name__)

_EXPORT: Final = "spotify_export"
_SEARCH_LIMIT: Final = 10

#: One object that Spotify fails to give may be at fault itself; of several, Spotify is.
_FAILURES_IN_A_ROW: Final = 3

#: Such an object is asked for again the next day.
_PASSING_FOR: Final = timedelta(days=1)


@dataclass(frozen=True)
class Kind:
    """Objects of one kind.

    Attributes:
        name: of their table, and of the endpoint.
        one: asks spotipy for one, by id.
        several: asks for several at once, in the order of the ids; apps in development mode may
            not (since February 2026).
        at_once: how many those may be.
        is_refreshed: asked for again when the last answer is old.
    """

    name: str
    one: Callable[[Any, str], Json] | None
    several: Callable[[Any, Sequence[str]], Json]
    at_once: int
    is_refreshed: bool = True

    @property
    def endpoint_of_several(self) -> str:
        """The name under which asking for several is counted and refused."""
        return f"several_{self.name}" if self.one else self.name


KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind("tracks", lambda api, id_: api.track(id_), lambda api, ids: api.tracks(ids), 50),
        Kind("artists", lambda api, id_: api.artist(id_), lambda api, ids: api.artists(ids), 50),
        Kind("albums", lambda api, id_: api.album(id_), lambda api, ids: api.albums(ids), 20),
        Kind("episodes", lambda api, id_: api.episode(id_), lambda api, ids: api.episodes(ids), 50),
        Kind("shows", lambda api, id_: api.show(id_), lambda api, ids: api.shows(ids), 50),
        # closed to new apps since November 2024, one by one as well
        Kind(
            "track_audio_features",
            None,
            lambda api, ids: {"track_audio_features": api.audio_features(ids)},
            100,
            is_refreshed=False,
        ),
    )
}


def is_closed(memory: Memory, kind: Kind, now: datetime) -> bool:
    """Whether Spotify has lately refused every way of asking for a kind."""
    endpoints = [kind.endpoint_of_several, *([kind.name] if kind.one else [])]
    return all(memory.is_refused(endpoint, now) for endpoint in endpoints)


def look_up(
    client: SpotifyClient, clock: Clock, memory: Memory, kind: Kind, ids: Sequence[str]
) -> Iterator[Answer]:
    """Ask for objects of the catalogue: several at once where the app may, else one by one."""
    waiting = list(ids)
    while len(waiting) > 1 or (waiting and kind.one is None):
        if memory.is_refused(kind.endpoint_of_several, clock.now()):
            break
        some = waiting[: kind.at_once]
        try:
            answer = client.call(kind.endpoint_of_several, partial(_ask_several, kind, some))
        except Forbidden:
            yield memory.refusal(client.listener, kind.endpoint_of_several, clock.now())
            break
        except (BadRequest, NotFound):  # for one of the ids, and Spotify does not say which
            yield from _one_by_one(client, clock, memory, kind, some)
        else:
            now = clock.now()
            found = _in_order(some, answer.get(kind.name) or [])
            pairs = zip(some, found, strict=True)
            yield Answer([row for id_, item in pairs for row in _rows(kind, id_, item, now)])
        waiting = waiting[kind.at_once :]
    yield from _one_by_one(client, clock, memory, kind, waiting)


def _in_order(ids: Sequence[str], found: list[Json | None]) -> list[Json | None]:
    """One answer for each id; Spotify gives them so, with null for what it does not find."""
    if len(found) == len(ids):
        return found
    by_id = {item.get("id"): item for item in found if item}
    return [by_id.get(id_) for id_ in ids]


def _ask_several(kind: Kind, ids: Sequence[str], spotify: Any) -> Json:
    return kind.several(spotify, ids)


def _one_by_one(
    client: SpotifyClient, clock: Clock, memory: Memory, kind: Kind, ids: Sequence[str]
) -> Iterator[Answer]:
    failures = 0
    for id_ in ids:
        if kind.one is None or memory.is_refused(kind.name, clock.now()):
            return
        try:
            item = client.call(kind.name, partial(_ask_one, kind.one, id_))
        except Forbidden:
            yield memory.refusal(client.listener, kind.name, clock.now())
        except NotFound as error:
            yield Answer([_miss(kind, id_, clock.now(), 404, str(error))])
        except (BadRequest, Unavailable) as error:
            failures += 1
            if failures == _FAILURES_IN_A_ROW:
                raise
            logger.info("%s", error)
            status = error.status if isinstance(error, BadRequest) else 500
            yield Answer([_miss(kind, id_, clock.now(), status, str(error))])
        else:
            failures = 0
            yield Answer(_rows(kind, id_, item, clock.now()))


def _ask_one(one: Callable[[Any, str], Json], id_: str, spotify: Any) -> Json:
    return one(spotify, id_)


def _rows(kind: Kind, id_: str, item: Json | None, now: datetime) -> list[tuple[str, Row]]:
    """The row of what was asked for; a miss if nothing, or something else, was given for its id."""
    if item is None:
        return [_miss(kind, id_, now, 404, "null")]
    if not item.get("id"):
        return [_miss(kind, id_, now, 200, "answered without an id")]
    rows: list[tuple[str, Row]] = [(kind.name, {**_kept(kind, item), "observed_at": now})]
    if item.get("id") != id_:
        rows.append(_miss(kind, id_, now, 200, f"answered as {item.get('id')}"))
    return rows


def _kept(kind: Kind, item: Json) -> Row:
    """The answer without the first page of a show's episodes, which is no look at the list."""
    row: Row = stored(item)
    if kind.name == "shows":
        row.pop("episodes", None)
    return row


def _miss(kind: Kind, id_: str, now: datetime, status: int, reason: str) -> tuple[str, Row]:
    return "catalogue_misses", {
        "kind": kind.name,
        "id": id_,
        "observed_at": now,
        "status": status,
        "reason": reason,
    }


class Name(NamedTuple):
    """All that the account data knows of a track."""

    artist: str
    track: str


def search(client: SpotifyClient, clock: Clock, names: Sequence[Name]) -> Iterator[Answer]:
    """Find the tracks of plays that have no id; only one of exactly these names is accepted."""
    for name in names:
        query = f'track:"{_searchable(name.track)}" artist:"{_searchable(name.artist)}"'
        try:
            answer = client.call("search", partial(_ask_search, query))
        except BadRequest as error:  # of these words
            logger.info("%s", error)
            answer = {}
        now = clock.now()
        items = (answer.get("tracks") or {}).get("items") or []
        match = next((item for item in items if item and _is_called(item, name)), None)
        row: Row = {
            "artist_name": name.artist,
            "track_name": name.track,
            "track_id": match["id"] if match else None,
            "observed_at": now,
        }
        rows: list[tuple[str, Row]] = [("name_matches", row)]
        if match:
            rows.append(("tracks", {**stored(match), "observed_at": now}))
        yield Answer(rows)


def _ask_search(query: str, spotify: Any) -> Json:
    answer: Json = spotify.search(query, limit=_SEARCH_LIMIT, type="track")
    return answer


def _searchable(text: str) -> str:
    return text.replace('"', " ").strip()


def _is_called(track: Json, name: Name) -> bool:
    artists = {_plain(artist.get("name")) for artist in track.get("artists") or []}
    return _plain(track.get("name")) == _plain(name.track) and _plain(name.artist) in artists


def _plain(text: str | None) -> str:
    """A name without case, accents and repeated blanks."""
    decomposed = unicodedata.normalize("NFKD", text or "")
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return re.sub(r"\s+", " ", bare).strip().casefold()


def missing_ids(
    warehouse: Warehouse, kind: str, good_since: datetime, now: datetime | None = None
) -> list[str]:
    """The ids of a kind that are mentioned and not in the catalogue, most played first.

    Args:
        warehouse: with all raw tables of the Web API.
        kind: a name of `KINDS`.
        good_since: what was not found since then is not asked for again.
        now: aware UTC; what Spotify failed to give more than a day before counts as missing.
    """
    mentions = _mentions(kind, has_export="streaming_history" in warehouse.tables(_EXPORT))
    if mentions is None:
        return []
    rows = warehouse.query(
        f"""
        select mentioned.id
        from ({mentions}) as mentioned
        left join (select distinct id from {SCHEMA}.{kind}) as catalogue
            on mentioned.id = catalogue.id
        left join (
            select distinct id from {SCHEMA}.catalogue_misses
            where kind = ? and observed_at >= ? and (status < 500 or observed_at >= ?)
        ) as misses
            on mentioned.id = misses.id
        where mentioned.id is not null and catalogue.id is null and misses.id is null
        group by mentioned.id
        order by sum(mentioned.plays) desc, mentioned.id
        """,
        [kind, good_since, (now or datetime.now(UTC)) - _PASSING_FOR],
    )
    return [id_ for (id_,) in rows]


def _mentions(kind: str, *, has_export: bool) -> str | None:
    """SQL with `id` and `plays`, or None when nothing can mention the kind."""
    match kind:
        case "tracks":
            return _played_tracks(has_export=has_export)
        case "track_audio_features":
            return f"""
                select tracks.id, coalesce(played.plays, 0) as plays
                from (select distinct id from {SCHEMA}.tracks) as tracks
                left join ({_played_tracks(has_export=has_export)}) as played
                    on tracks.id = played.id
            """
        case "artists" | "albums":
            named = _named_artists() if kind == "artists" else _named_albums()
            return f"""
                select named.id, coalesce(played.plays, 0) as plays
                from ({named}) as named
                left join ({_played_tracks(has_export=has_export)}) as played
                    on named.track_id = played.id
            """
        case "episodes" if has_export:
            return _from_export("spotify_episode_uri", "spotify:episode:")
        case "shows":
            return (
                f"select show__id as id, count(*) as plays from {SCHEMA}.episodes group by show__id"
            )
    return None


def _played_tracks(*, has_export: bool) -> str:
    recent = f"""
        select track__id as id, count(*) as plays
        from {SCHEMA}.recently_played
        group by track__id
    """
    if not has_export:
        return recent
    return f"""
        select id, sum(plays) as plays
        from (
            {recent}
            union all
            {_from_export("spotify_track_uri", "spotify:track:")}
        ) as plays_of_either
        group by id
    """


def _from_export(column: str, prefix: str) -> str:
    return f"""
        select substr({column}, {len(prefix) + 1}) as id, count(*) as plays
        from {_EXPORT}.streaming_history
        where {column} like '{prefix}%'
        group by {column}
    """


def _named_albums() -> str:
    return f"select distinct album__id as id, id as track_id from {SCHEMA}.tracks"


def _named_artists() -> str:
    return f"""
        select distinct artists.id, tracks.id as track_id
        from {SCHEMA}.tracks as tracks
        inner join (
            select _dlt_parent_id, id from {SCHEMA}.tracks__artists
            union all
            select _dlt_parent_id, id from {SCHEMA}.tracks__album__artists
        ) as artists
            on tracks._dlt_id = artists._dlt_parent_id
    """


def stale_ids(warehouse: Warehouse, kind: str, good_since: datetime) -> list[str]:
    """The ids whose last observation, or last miss, is older, oldest first."""
    rows = warehouse.query(
        f"""
        select observed.id
        from (
            select id, observed_at from {SCHEMA}.{kind}
            union all
            select id, observed_at from {SCHEMA}.catalogue_misses where kind = ?
        ) as observed
        inner join (select distinct id from {SCHEMA}.{kind}) as catalogue
            on observed.id = catalogue.id
        group by observed.id
        having max(observed.observed_at) < ?
        order by max(observed.observed_at), observed.id
        """,
        [kind, good_since],
    )
    return [id_ for (id_,) in rows]


def missing_names(warehouse: Warehouse, good_since: datetime) -> list[Name]:
    """Tracks that the account data names and nothing gives an id for, most played first."""
    exports = warehouse.tables(_EXPORT)
    if "account_streaming_history" not in exports:
        return []
    rows = warehouse.query(
        f"""
        select plays.artist_name, plays.track_name
        from {_EXPORT}.account_streaming_history as plays
        where
            plays.track_name is not null
            and plays.artist_name is not null
            and plays.artist_name <> 'Unknown Artist'
            and not exists (
                select 1 from {_EXPORT}.streaming_history as history
                where
                    history.master_metadata_track_name = plays.track_name
                    and history.master_metadata_album_artist_name = plays.artist_name
                    and history.spotify_track_uri is not null
            )
            and not exists (
                select 1
                from {SCHEMA}.tracks as tracks
                inner join {SCHEMA}.tracks__artists as artists
                    on tracks._dlt_id = artists._dlt_parent_id
                where tracks.name = plays.track_name and artists.name = plays.artist_name
            )
            and not exists (
                select 1 from {SCHEMA}.name_matches as matches
                where
                    matches.track_name = plays.track_name
                    and matches.artist_name = plays.artist_name
                    and (matches.track_id is not null or matches.observed_at >= ?)
            )
        group by plays.artist_name, plays.track_name
        order by count(*) desc, plays.artist_name, plays.track_name
        """,
        [good_since],
    )
    return [Name(artist, track) for artist, track in rows]
