"""The listener's playlists, and what stands in those that have changed.

A playlist's `snapshot_id` changes with its content, so an unchanged one costs no call; where there
is none, it is read each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingestion.spotify_api.client import BadRequest, Clock, Forbidden, Json, NotFound, SpotifyClient
from ingestion.spotify_api.lists import Listing, Place, look_at
from ingestion.spotify_api.spool import Answer, Row, stored
from ingestion.spotify_api.state import Memory


def playlists(
    client: SpotifyClient,
    clock: Clock,
    memory: Memory,
    *,
    limit: int | None = None,
    track_limit: int | None = None,
) -> Iterator[Answer]:
    """A look at the list of playlists, then one at each that is not as it was.

    Args:
        client: whose playlists.
        clock: says when an answer came.
        memory: `list/playlist_tracks/<id>`, the last look at each; `found/playlists`, those of a
            look that broke off, with their snapshots.
        limit: of playlists; None for all.
        track_limit: of entries of each; None for all.
    """
    found: dict[str, str | None] = dict(memory["found/playlists"] or {})
    if memory["found/playlists"] is None or memory["unfinished/playlists"]:
        for answer in look_at(client, clock, memory, _list_of_playlists(limit)):
            for table, row in answer.rows:
                if table == "playlists" and row.get("id"):
                    found[row["id"]] = row.get("snapshot_id")
            answer.remember = {**answer.remember, "found/playlists": found}
            yield answer
    for playlist_id, snapshot_id in found.items():
        last = memory[f"list/playlist_tracks/{playlist_id}"]
        if last is None or snapshot_id is None or last.get("snapshot_id") != snapshot_id:
            yield from _entries(client, clock, memory, playlist_id, snapshot_id, track_limit)
    yield Answer([], {"asked/playlists": clock.now(), "found/playlists": None})


def _list_of_playlists(limit: int | None) -> Listing:
    def ask(spotify: Any, limit: int, place: Place) -> Json:
        answer: Json = spotify.current_user_playlists(limit=limit, offset=place)
        return answer

    return Listing("playlists", ask, lambda item: str(item.get("id") or ""), _playlist, limit=limit)


def _entries(
    client: SpotifyClient,
    clock: Clock,
    memory: Memory,
    playlist_id: str,
    snapshot_id: str | None,
    limit: int | None,
) -> Iterator[Answer]:
    """A look at one playlist. One that is somebody else's may be refused; that is noted once."""
    endpoint = f"playlist_tracks/{playlist_id}"
    if memory.is_refused(endpoint, clock.now()):
        return

    def ask(spotify: Any, limit: int, place: Place) -> Json:
        answer: Json = spotify.playlist_items(playlist_id, limit=limit, offset=place)
        return answer

    def is_unchanged() -> bool:
        answer = client.call(
            "playlist_snapshots",
            lambda spotify: spotify.playlist(playlist_id, fields="snapshot_id"),
        )
        return bool(answer.get("snapshot_id") == snapshot_id)

    listing = Listing(
        "playlist_tracks",
        ask,
        _identity,
        _entry,
        list_id=playlist_id,
        snapshot_id=snapshot_id,
        limit=limit,
        may_repeat=True,
        is_unchanged=is_unchanged,
    )
    try:
        yield from look_at(client, clock, memory, listing)
    except (BadRequest, Forbidden) as error:
        yield memory.refusal(client.listener, endpoint, clock.now(), error.status)
    except NotFound:
        return  # deleted since it was listed


def _playlist(answer: Json) -> Row:
    """A playlist in the names of 2026, when its `tracks` became `items`."""
    row: Row = stored(answer)
    if "tracks" in row:
        row.setdefault("items", row["tracks"])
        del row["tracks"]
    return row


def _entry(answer: Json) -> Row:
    """An entry in the names of 2026, when its `track` became `item`."""
    row: Row = stored(answer)
    if "track" in row:
        row.setdefault("item", row["track"])
        del row["track"]
    return row


def _identity(entry: Json) -> str:
    item = entry.get("item") or entry.get("track") or {}
    return f"{entry.get('added_at')} {item.get('uri')}" if item.get("uri") else ""
