"""The Web API's endpoints: what each answers, under which scope, and which are gone.

`WebApi.endpoints` is the table; the rest of the file are its answers, in its order.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from simulator.catalogue import Artist, Episode, Track
from simulator.web_api.account import TIME_RANGES, Account
from simulator.web_api.clock import as_told, as_told_exactly
from simulator.web_api.keeping import EDITORS, Entry, Kept, Kind, LocalFile, Playlist
from simulator.web_api.paging import Limits, Refusal, offset_in, page
from simulator.web_api.shelf import Contract, Json, Named, Raw, Shelf, allowed
from simulator.web_api.shown import ShownPlay

N = TypeVar("N", bound=Named)

USUAL = Limits()
BASE62 = re.compile(r"[0-9A-Za-z]{22}")
CURSOR_MOST = 10**16
SEARCH_OFFSET_MOST = 1_000
FILTER = re.compile(r'\b(track|artist|album|isrc):\s*("[^"]*"|.+?(?=\s+\w+:|$))', re.IGNORECASE)
#: Answered 403 in development mode; in the extended contract not simulated.
NEVER_SIMULATED = (
    "/artists/{id}/top-tracks",
    "/browse/categories",
    "/browse/new-releases",
    "/markets",
    "/users/{id}",
    "/users/{id}/playlists",
)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that passed the door.

    Attributes:
        now: When it came, UTC.
        url: Its address without the query.
        path: The variables of its path.
        told: Plays that the answer tells of; filled in by it.
        is_repeated: Whether to send the page before in place of this one.
    """

    account: Account
    scopes: frozenset[str]
    now: datetime
    url: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    is_repeated: bool = False
    told: list[ShownPlay] = field(default_factory=list)

    def page(
        self,
        entries: Sequence[N] | Sequence[object],
        describe: Callable[..., object],
        limits: Limits = USUAL,
        offset_most: int = 100_000,
    ) -> Json:
        """The page of a list that was asked for."""
        return page(
            self.url,
            self.query,
            entries,
            limit=limits.limit(self.query),
            offset=offset_in(self.query, offset_most),
            describe=describe,
            is_repeated=self.is_repeated,
        )


Answer = Callable[[Ask], object]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path and its answer. `scope` is None where any token will do."""

    path: str
    answer: Answer
    scope: str | None = None


class WebApi:
    """The answers of one contract.

    Args:
        shelf: The catalogue.
        accounts: The listeners.
        has_audio_features: Whether the app is one of those that may still ask for them.
    """

    def __init__(
        self, shelf: Shelf, accounts: Sequence[Account], *, has_audio_features: bool
    ) -> None:
        self._shelf = shelf
        self._contract: Contract = shelf.contract
        self._accounts = accounts
        self._has_audio_features = has_audio_features
        is_extended = shelf.contract == "extended"
        self._search_limits = Limits() if is_extended else Limits(5, 10)
        self._items_name = "tracks" if is_extended else "items"
        self._searchable = [(track, _searchable(track)) for track in shelf.tracks.values()]

    def endpoints(self) -> list[Endpoint]:
        """All of them; those asked most often first."""
        shelf = self._shelf
        library, playlists = "user-library-read", "playlist-read-private"
        return [
            Endpoint("/tracks/{id}", _one(shelf.tracks, shelf.track)),
            Endpoint("/artists/{id}", _one(shelf.artists, shelf.artist)),
            Endpoint("/albums/{id}", _one(shelf.albums, shelf.album)),
            Endpoint(
                "/me/player/recently-played", self._recently_played, "user-read-recently-played"
            ),
            Endpoint("/me", self._me),
            Endpoint("/me/top/{kind}", self._top, "user-top-read"),
            Endpoint("/me/playlists", self._my_playlists, playlists),
            Endpoint("/playlists/{id}", self._playlist),
            Endpoint("/playlists/{id}/items", self._items, playlists),
            Endpoint("/playlists/{id}/tracks", self._old(self._tracks), playlists),
            Endpoint("/me/tracks", self._saved("tracks", "track", shelf.track), library),
            Endpoint("/me/albums", self._saved("albums", "album", shelf.album), library),
            Endpoint("/me/shows", self._saved("shows", "show", shelf.simple_show), library),
            Endpoint("/me/episodes", self._saved("episodes", "episode", shelf.episode), library),
            Endpoint(
                "/me/audiobooks",
                self._saved("audiobooks", "audiobook", shelf.audiobook),
                library,
            ),
            Endpoint("/me/following", self._following, "user-follow-read"),
            Endpoint("/albums/{id}/tracks", self._album_tracks),
            Endpoint("/artists/{id}/albums", self._artist_albums),
            Endpoint("/shows/{id}", _one(shelf.shows, shelf.show)),
            Endpoint("/shows/{id}/episodes", self._show_episodes),
            Endpoint("/episodes/{id}", _one(shelf.episodes, shelf.episode)),
            Endpoint("/audiobooks/{id}", _one(shelf.audiobooks, shelf.audiobook)),
            Endpoint("/audiobooks/{id}/chapters", self._audiobook_chapters),
            Endpoint("/chapters/{id}", _one(shelf.chapters, shelf.chapter)),
            Endpoint("/search", self._search),
            Endpoint("/tracks", self._old(_several("tracks", shelf.tracks, shelf.track))),
            Endpoint("/artists", self._old(_several("artists", shelf.artists, shelf.artist))),
            Endpoint("/albums", self._old(_several("albums", shelf.albums, shelf.album, most=20))),
            Endpoint("/shows", self._old(_several("shows", shelf.shows, shelf.simple_show))),
            Endpoint("/episodes", self._old(_several("episodes", shelf.episodes, shelf.episode))),
            Endpoint(
                "/audiobooks",
                self._old(_several("audiobooks", shelf.audiobooks, shelf.audiobook)),
            ),
            Endpoint("/chapters", self._old(_several("chapters", shelf.chapters, shelf.chapter))),
            Endpoint(
                "/audio-features/{id}",
                self._if_features(_one(shelf.tracks, shelf.audio_features)),
            ),
            Endpoint(
                "/audio-features",
                self._if_features(
                    _several("audio_features", shelf.tracks, shelf.audio_features, most=100)
                ),
            ),
            *(Endpoint(path, self._old(_nowhere)) for path in NEVER_SIMULATED),
            Endpoint("/{anything:path}", _nowhere),
        ]

    def playlist(self, playlist_id: str, now: datetime) -> Playlist:
        """A playlist of any listener, listed or not, once it was made.

        Raises:
            Refusal: 404.
        """
        for account in self._accounts:
            for playlist in account.playlists:
                if playlist.id == playlist_id and playlist.listed_from <= now:
                    return playlist
        raise Refusal(404, "Resource not found")

    def _recently_played(self, ask: Ask) -> Json:
        limit = USUAL.limit(ask.query)
        after, before = _cursor(ask, "after"), _cursor(ask, "before")
        if after is not None and before is not None:
            raise Refusal(400, "Only one of after and before may be given")
        if ask.is_repeated:
            plays = ask.account.recently_played(ask.now, limit)
        else:
            plays = ask.account.recently_played(ask.now, limit, after, before)
        ask.told.extend(plays)
        answer: Json = {
            "href": f"{ask.url}?limit={limit}",
            "limit": limit,
            "next": None,
            "cursors": None,
            "items": [self._play(ask.account, play) for play in plays],
        }
        if plays:
            newest, oldest = plays[0].played_at_ms, plays[-1].played_at_ms
            answer["cursors"] = {"after": str(newest), "before": str(oldest)}
            onward = f"after={newest}" if after is not None else f"before={oldest}"
            answer["next"] = f"{ask.url}?{onward}&limit={limit}"
        return answer

    def _play(self, account: Account, play: ShownPlay) -> Json:
        context = account.context_of(play)
        return {
            "track": self._shelf.track(play.track),
            "played_at": as_told_exactly(play.played_at),
            "context": self._shelf.context(*context) if context else None,
        }

    def _me(self, ask: Ask) -> Json:
        account = ask.account
        fields: Json = {
            **self._shelf.user(account.user_id),
            "account_id": account.account_id,
            "display_name": f"Example {account.listener}",
            "followers": {"href": None, "total": 3},
            "images": [],
        }
        if "user-read-private" in ask.scopes:
            fields |= {
                "country": account.country,
                "explicit_content": {"filter_enabled": False, "filter_locked": False},
                "product": "premium",
            }
        if "user-read-email" in ask.scopes:
            fields["email"] = f"{account.listener}@example.com"
        return allowed(self._contract, "user", fields)

    def _top(self, ask: Ask) -> Json:
        kind = ask.path["kind"]
        if kind not in ("tracks", "artists"):
            raise Refusal(404, "Resource not found")
        time_range = ask.query.get("time_range", "medium_term")
        if time_range not in TIME_RANGES:
            raise Refusal(400, "Invalid time range")
        return ask.page(ask.account.top(kind, time_range, ask.now), self._top_item)

    def _top_item(self, entry: Track | Artist) -> Raw:
        return self._shelf.track(entry) if isinstance(entry, Track) else self._shelf.artist(entry)

    def _my_playlists(self, ask: Ask) -> Json:
        """Others' collaborative playlists stand among them only with a scope of their own."""
        with_shared = "playlist-read-collaborative" in ask.scopes
        listed = [
            playlist
            for playlist in ask.account.playlists_at(ask.now)
            if with_shared or not playlist.is_collaborative
        ]
        return ask.page(listed, lambda playlist: self._simple_playlist(playlist, ask.now))

    def _simple_playlist(self, playlist: Playlist, now: datetime) -> Json:
        href = f"{self._shelf.api_url}/playlists/{playlist.id}"
        return {
            "collaborative": playlist.is_collaborative,
            "description": "",
            "external_urls": {"spotify": f"https://open.example.org/playlist/{playlist.id}"},
            "href": href,
            "id": playlist.id,
            "images": [],
            "name": playlist.name,
            "owner": {
                **self._shelf.user(playlist.owner),
                "display_name": None if playlist.owner == EDITORS else playlist.owner,
            },
            "primary_color": None,
            "public": not playlist.is_collaborative,
            "snapshot_id": playlist.snapshot_id(now),
            self._items_name: {
                "href": f"{href}/{self._items_name}",
                "total": len(playlist.entries_at(now)),
            },
            "type": "playlist",
            "uri": f"spotify:playlist:{playlist.id}",
        }

    def _playlist(self, ask: Ask) -> Json:
        """The playlist and its first page; of others' playlists development mode gets none."""
        playlist = self.playlist(ask.path["id"], ask.now)
        answer = self._simple_playlist(playlist, ask.now)
        answer["followers"] = {"href": None, "total": 1}
        if self._contract == "development" and not ask.account.may_read(playlist):
            del answer[self._items_name]
        else:
            answer[self._items_name] = page(
                f"{self._shelf.api_url}/playlists/{playlist.id}/{self._items_name}",
                {},
                playlist.entries_at(ask.now),
                limit=100 if self._contract == "extended" else 50,
                offset=0,
                describe=lambda entry: self._entry(entry, self._items_name[:-1]),
            )
        return answer

    def _items(self, ask: Ask) -> Json:
        playlist = self.playlist(ask.path["id"], ask.now)
        if self._contract == "development" and not ask.account.may_read(playlist):
            raise Refusal(403, "Forbidden")
        entries = playlist.entries_at(ask.now)
        return ask.page(entries, lambda entry: self._entry(entry, "item"))

    def _tracks(self, ask: Ask) -> Json:
        entries = self.playlist(ask.path["id"], ask.now).entries_at(ask.now)
        return ask.page(entries, lambda entry: self._entry(entry, "track"), Limits(100, 100))

    def _entry(self, entry: Entry, name: str) -> Json:
        return {
            "added_at": as_told(entry.added_at),
            "added_by": self._shelf.user(entry.added_by),
            "is_local": isinstance(entry.item, LocalFile),
            "primary_color": None,
            name: self._entry_item(entry.item),
            "video_thumbnail": {"url": None},
        }

    def _entry_item(self, item: Track | Episode | LocalFile | None) -> object:
        if isinstance(item, Track):
            return self._shelf.track(item)
        if isinstance(item, Episode):
            return self._shelf.episode(item)
        return _local_file(item) if item else None

    def _saved(self, kind: Kind, name: str, describe: Callable[..., Raw]) -> Answer:
        def saved(kept: Kept) -> Json:
            return {"added_at": as_told(kept.since), name: describe(kept.item)}

        return lambda ask: ask.page(ask.account.kept(kind, ask.now), saved)

    def _following(self, ask: Ask) -> Json:
        """Artists alone, by pages that start after an artist's id."""
        if ask.query.get("type") != "artist":
            raise Refusal(400, "Invalid type")
        limit = USUAL.limit(ask.query)
        artists = [kept.item for kept in ask.account.kept("artists", ask.now)]
        ids = [artist.id for artist in artists]
        after = ask.query.get("after")
        start = ids.index(after) + 1 if after in ids else 0
        if ask.is_repeated:
            start = max(0, start - limit)
        shown = [artist for artist in artists[start : start + limit] if isinstance(artist, Artist)]
        last = shown[-1].id if start + limit < len(artists) else None
        href = f"{ask.url}?type=artist&limit={limit}"
        return {
            "artists": {
                "href": href,
                "limit": limit,
                "next": f"{href}&after={last}" if last else None,
                "cursors": {"after": last},
                "total": len(artists),
                "items": [self._shelf.artist(artist) for artist in shown],
            }
        }

    def _album_tracks(self, ask: Ask) -> Json:
        album = _find(self._shelf.albums, ask.path["id"])
        return ask.page(self._shelf.tracks_of(album), self._shelf.simple_track)

    def _artist_albums(self, ask: Ask) -> Json:
        artist = _find(self._shelf.artists, ask.path["id"])
        groups = ask.query.get("include_groups", "album,single,compilation,appears_on").split(",")
        albums = [
            album
            for album in self._shelf.albums_of(artist)
            if album.album_type in groups and album.release_date <= ask.now.date()
        ]
        return ask.page(albums, self._shelf.discography_album, self._search_limits)

    def _show_episodes(self, ask: Ask) -> Json:
        show = _find(self._shelf.shows, ask.path["id"])
        return ask.page(self._shelf.episodes_of(show), self._shelf.simple_episode)

    def _audiobook_chapters(self, ask: Ask) -> Json:
        book = _find(self._shelf.audiobooks, ask.path["id"])
        return ask.page(self._shelf.chapters_of(book), self._shelf.simple_chapter)

    def _search(self, ask: Ask) -> Json:
        text = ask.query.get("q", "").strip()
        if not text:
            raise Refusal(400, "No search query")
        kinds = ask.query.get("type", "").split(",")
        finders: dict[str, Callable[[], tuple[Sequence[object], Callable[..., Raw]]]] = {
            "track": lambda: (self._find_tracks(text, ask.now), self._shelf.track),
            "artist": lambda: (_by_name(self._shelf.artists, text), self._shelf.artist),
            "album": lambda: (_by_name(self._shelf.albums, text), self._shelf.simple_album),
            "show": lambda: (_by_name(self._shelf.shows, text), self._shelf.simple_show),
            "episode": lambda: (_by_name(self._shelf.episodes, text), self._shelf.simple_episode),
            "audiobook": lambda: (
                _by_name(self._shelf.audiobooks, text),
                self._shelf.simple_audiobook,
            ),
        }
        if not all(kind in finders for kind in kinds):
            raise Refusal(400, "Bad search type field")
        return {
            f"{kind}s": ask.page(*finders[kind](), self._search_limits, SEARCH_OFFSET_MOST)
            for kind in kinds
        }

    def _find_tracks(self, text: str, now: datetime) -> list[Track]:
        """All words must occur; `track:`, `artist:`, `album:`, `isrc:` narrow down where."""
        filters = {
            name.lower(): value.strip('"').casefold() for name, value in FILTER.findall(text)
        }
        words = [("any", word) for word in FILTER.sub(" ", text).casefold().split()]
        words += [(name, word) for name, value in filters.items() for word in value.split()]
        found = self._searchable
        for name, word in sorted(words, key=lambda where_what: -len(where_what[1])):  # rare first
            found = [(track, texts) for track, texts in found if word in texts[name]]
        exact = filters.get("track", text.casefold())
        return sorted(
            (track for track, _ in found if track.album.release_date <= now.date()),
            key=lambda track: (track.later_name.casefold() != exact, track.id),
        )

    def _old(self, answer: Answer) -> Answer:
        """An endpoint that development mode lost in February 2026."""
        return answer if self._contract == "extended" else _forbidden

    def _if_features(self, answer: Answer) -> Answer:
        return answer if self._has_audio_features else _forbidden


def _one(entries: Mapping[str, N], describe: Callable[[N], Raw]) -> Answer:
    return lambda ask: describe(_find(entries, ask.path["id"]))


def _several(
    name: str, entries: Mapping[str, N], describe: Callable[[N], Raw], most: int = 50
) -> Answer:
    """A batch: in the order asked for, null where there is no such id."""

    def answer(ask: Ask) -> Json:
        ids = [entry_id for entry_id in ask.query.get("ids", "").split(",") if entry_id]
        if not ids:
            raise Refusal(400, "Missing required field: ids")
        if len(ids) > most:
            raise Refusal(400, "Too many ids requested")
        for entry_id in ids:
            _check(entry_id)
        found = [entries.get(entry_id) for entry_id in ids]
        return {name: [None if entry is None else describe(entry) for entry in found]}

    return answer


def _find(entries: Mapping[str, N], entry_id: str) -> N:
    """The entry of an id.

    Raises:
        Refusal: 400 if that cannot be an id, 404 if nothing has it.
    """
    if entry_id not in entries:
        _check(entry_id)
        raise Refusal(404, "Resource not found")
    return entries[entry_id]


def _check(entry_id: str) -> None:
    if not BASE62.fullmatch(entry_id):
        raise Refusal(400, "Invalid base62 id")


def _forbidden(_: Ask) -> Json:
    raise Refusal(403, "Forbidden")


def _nowhere(_: Ask) -> Json:
    raise Refusal(404, "Service not found")


def _cursor(ask: Ask, name: str) -> int | None:
    """Unix milliseconds, or None."""
    given = ask.query.get(name)
    if given is None:
        return None
    if not given.isdecimal() or int(given) > CURSOR_MOST:
        raise Refusal(400, f"Invalid {name}")
    return int(given)


def _by_name(entries: Mapping[str, N], text: str) -> list[N]:
    words = FILTER.sub(lambda match: match[2].strip('"'), text).casefold().split()
    return [
        entry for entry in entries.values() if all(word in entry.name.casefold() for word in words)
    ]


def _searchable(track: Track) -> dict[str, str]:
    """What words of a search are looked for in, by the filter that narrows them down to it."""
    texts = {
        "any": f"{track.later_name} {track.artist.name}",
        "track": track.later_name,
        "artist": track.artist.name,
        "album": track.album.name,
        "isrc": track.isrc,
    }
    return {name: text.casefold() for name, text in texts.items()}


def _local_file(file: LocalFile) -> Json:
    """As real answers tell of them, with nulls that the OpenAPI description does not know."""
    nameless: Json = {"external_urls": {}, "href": None, "id": None, "name": "", "uri": None}
    return {
        "album": {
            **nameless,
            "album_type": None,
            "artists": [],
            "images": [],
            "release_date": None,
            "release_date_precision": None,
            "type": "album",
        },
        "artists": [{**nameless, "type": "artist"}],
        "disc_number": 0,
        "duration_ms": 204_000,
        "explicit": False,
        "external_ids": {},
        "external_urls": {},
        "href": None,
        "id": None,
        "is_local": True,
        "name": file.title,
        "preview_url": None,
        "track_number": 0,
        "type": "track",
        "uri": f"spotify:local:::{file.title.replace(' ', '+')}:204",
    }
