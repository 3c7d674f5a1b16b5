"""The catalogue as the Web API tells it: every object as JSON, in one of two contracts.

What the catalogue does not know (a second artist, popularity, a label, audio features) comes from
dice of its own, thrown per object, so that an object is the same whoever asks, and when.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import wraps
from typing import Concatenate, Literal, Protocol, TypeVar

import msgspec

from simulator.catalogue import (
    Album,
    Artist,
    Audiobook,
    Catalogue,
    Chapter,
    Episode,
    Show,
    Track,
)
from simulator.dice import below, between, dice, pick
from simulator.web_api.paging import page

Contract = Literal["development", "extended"]
Json = dict[str, object]
Raw = msgspec.Raw

MARKETS = ("DE", "GB", "JP", "NO", "US")
EMBEDDED_ITEMS = 50
FEATURED_SHARE = 0.12
# Fields that apps in development mode no longer get, by kind of object. `external_ids` was taken
# away in February 2026 and came back in March.
GONE_IN_DEVELOPMENT: dict[str, frozenset[str]] = {
    "artist": frozenset({"followers", "popularity"}),
    "album": frozenset({"album_group", "available_markets", "label", "popularity"}),
    "track": frozenset({"available_markets", "linked_from", "popularity"}),
    "show": frozenset({"available_markets", "publisher"}),
    "episode": frozenset(),
    "audiobook": frozenset({"available_markets", "publisher"}),
    "chapter": frozenset({"available_markets"}),
    "user": frozenset({"country", "email", "explicit_content", "followers", "product"}),
}


class Named(Protocol):
    """Anything in the catalogue."""

    @property
    def id(self) -> str: ...  # noqa: D102 the protocol's docstring says it

    @property
    def name(self) -> str: ...  # noqa: D102


N = TypeVar("N", bound=Named)


def _once(
    describe: Callable[Concatenate["Shelf", N, ...], Json],
) -> Callable[["Shelf", N], Raw]:
    """Encode an object the first time it is asked for, and hand out the same bytes after."""

    @wraps(describe)
    def told(shelf: "Shelf", entry: N) -> Raw:
        key = (describe.__name__, entry.id)
        if key not in shelf.told:
            shelf.told[key] = Raw(msgspec.json.encode(describe(shelf, entry)))
        return shelf.told[key]

    return told


class Shelf:
    """All objects of some catalogues.

    Attributes:
        told: Encoded objects by form and id.
        artists, albums, tracks, shows, episodes, audiobooks, chapters: What exists, by id.
    """

    def __init__(self, catalogues: Iterable[Catalogue], contract: Contract, api_url: str) -> None:
        self.contract = contract
        self.api_url = api_url
        self.told: dict[tuple[str, str], Raw] = {}
        self.artists: dict[str, Artist] = {}
        self.tracks: dict[str, Track] = {}
        self.episodes: dict[str, Episode] = {}
        self.chapters: dict[str, Chapter] = {}
        for catalogue in catalogues:
            self.artists |= {artist.id: artist for artist in catalogue.artists}
            self.tracks |= {track.id: track for track in catalogue.tracks}
            self.episodes |= {episode.id: episode for episode in catalogue.episodes}
            self.chapters |= {chapter.id: chapter for chapter in catalogue.chapters}
        self.albums = {track.album.id: track.album for track in self.tracks.values()}
        self.shows = {episode.show.id: episode.show for episode in self.episodes.values()}
        self.audiobooks = {
            chapter.audiobook.id: chapter.audiobook for chapter in self.chapters.values()
        }
        self._artists = tuple(self.artists.values())
        self._tracks_by_album = _grouped(self.tracks.values(), lambda track: track.album.id)
        self._albums_by_artist = _grouped(self.albums.values(), lambda album: album.artist.id)
        self._episodes_by_show = _grouped(self.episodes.values(), lambda episode: episode.show.id)
        self._chapters_by_book = _grouped(
            self.chapters.values(), lambda chapter: chapter.audiobook.id
        )

    def artists_of(self, track: Track) -> tuple[Artist, ...]:
        """Who made a track; first the artist whom exports name, then for some a guest."""
        rng = dice(0, f"web api guest on {track.isrc}")
        guest = pick(rng, self._artists)
        if rng.random() < FEATURED_SHARE and guest is not track.artist:
            return track.artist, guest
        return (track.artist,)

    def tracks_of(self, album: Album) -> Sequence[Track]:
        """An album's tracks, in order."""
        return self._tracks_by_album[album.id]

    def albums_of(self, artist: Artist) -> Sequence[Album]:
        """An artist's albums, newest first."""
        albums = self._albums_by_artist.get(artist.id, [])
        return sorted(albums, key=lambda album: album.release_date, reverse=True)

    def episodes_of(self, show: Show) -> Sequence[Episode]:
        """All episodes there will ever be, newest first."""
        return self._episodes_by_show[show.id][::-1]

    def chapters_of(self, book: Audiobook) -> Sequence[Chapter]:
        """A book's chapters, in order."""
        return self._chapters_by_book[book.id]

    @_once
    def artist(self, artist: Artist) -> Json:
        """ArtistObject."""
        rng = dice(0, f"web api {artist.id}")
        return self._kept(
            "artist",
            {
                **self._simple_artist(artist),
                "followers": {"href": None, "total": int(10 ** between(rng, 2, 7))},
                "genres": artist.genres,
                "images": _images(artist.id, (640, 320, 160)),
                "popularity": below(rng, 101),
            },
        )

    @_once
    def album(self, album: Album) -> Json:
        """AlbumObject, with its first fifty tracks."""
        rng = dice(0, f"web api {album.id}")
        year = album.release_date.year
        return self._kept(
            "album",
            {
                **self._simple_album(album),
                "tracks": page(
                    f"{self.api_url}/albums/{album.id}/tracks",
                    {},
                    [self.simple_track(track) for track in self.tracks_of(album)],
                    limit=EMBEDDED_ITEMS,
                    offset=0,
                ),
                "copyrights": [{"text": f"{year} {album.artist.name}", "type": "C"}],
                "external_ids": {"upc": f"{below(rng, 10**12):012}"},
                "genres": [],
                "label": f"{pick(rng, ('Lantern', 'Estuary', 'Paperboat'))} Recordings",
                "popularity": below(rng, 101),
            },
        )

    @_once
    def simple_album(self, album: Album) -> Json:
        """SimplifiedAlbumObject, as tracks, lists and searches hold it."""
        return self._simple_album(album)

    @_once
    def discography_album(self, album: Album) -> Json:
        """ArtistDiscographyAlbumObject: the simple one and its group."""
        return self._kept("album", {**self._simple_album(album), "album_group": album.album_type})

    @_once
    def track(self, track: Track) -> Json:
        """TrackObject."""
        rng = dice(0, f"web api {track.id}")
        return self._kept(
            "track",
            {
                "album": self._simple_album(track.album),
                **self._simple_track(track),
                "external_ids": {"isrc": track.isrc},
                "popularity": int(100 * rng.random() ** 2),
            },
        )

    @_once
    def simple_track(self, track: Track) -> Json:
        """SimplifiedTrackObject, as albums hold it."""
        return self._simple_track(track)

    @_once
    def audio_features(self, track: Track) -> Json:
        """AudioFeaturesObject."""
        rng = dice(0, f"web api audio features of {track.isrc}")
        measures = "acousticness danceability energy instrumentalness liveness speechiness valence"
        return {
            **{name: round(rng.random(), 4) for name in measures.split()},
            "analysis_url": f"{self.api_url}/audio-analysis/{track.id}",
            "duration_ms": track.duration_ms,
            "id": track.id,
            "key": below(rng, 12),
            "loudness": round(between(rng, -24, -3), 3),
            "mode": below(rng, 2),
            "tempo": round(between(rng, 68, 184), 3),
            "time_signature": pick(rng, (4, 4, 4, 3, 5)),
            "track_href": f"{self.api_url}/tracks/{track.id}",
            "type": "audio_features",
            "uri": track.uri,
        }

    @_once
    def show(self, show: Show) -> Json:
        """ShowObject, with its newest fifty episodes."""
        episodes = [self.simple_episode(episode) for episode in self.episodes_of(show)]
        return {
            **self._simple_show(show),
            "episodes": page(
                f"{self.api_url}/shows/{show.id}/episodes",
                {},
                episodes,
                limit=EMBEDDED_ITEMS,
                offset=0,
            ),
        }

    @_once
    def simple_show(self, show: Show) -> Json:
        """SimplifiedShowObject, as episodes and lists hold it."""
        return self._simple_show(show)

    @_once
    def episode(self, episode: Episode) -> Json:
        """EpisodeObject."""
        return {**self._simple_episode(episode), "show": self._simple_show(episode.show)}

    @_once
    def simple_episode(self, episode: Episode) -> Json:
        """SimplifiedEpisodeObject, as shows hold it."""
        return self._simple_episode(episode)

    @_once
    def audiobook(self, book: Audiobook) -> Json:
        """AudiobookObject, with its first fifty chapters."""
        chapters = [self.simple_chapter(chapter) for chapter in self.chapters_of(book)]
        return {
            **self._simple_audiobook(book),
            "chapters": page(
                f"{self.api_url}/audiobooks/{book.id}/chapters",
                {},
                chapters,
                limit=EMBEDDED_ITEMS,
                offset=0,
            ),
        }

    @_once
    def simple_audiobook(self, book: Audiobook) -> Json:
        """SimplifiedAudiobookObject, as chapters and searches hold it."""
        return self._simple_audiobook(book)

    @_once
    def chapter(self, chapter: Chapter) -> Json:
        """ChapterObject."""
        book = self._simple_audiobook(chapter.audiobook)
        return {**self._simple_chapter(chapter), "audiobook": book}

    @_once
    def simple_chapter(self, chapter: Chapter) -> Json:
        """SimplifiedChapterObject, as audiobooks hold it."""
        return self._simple_chapter(chapter)

    def context(self, kind: str, entry_id: str) -> Json:
        """ContextObject: from where something was played."""
        return {
            "type": kind,
            "href": f"{self.api_url}/{kind}s/{entry_id}",
            "external_urls": _links(kind, entry_id),
            "uri": f"spotify:{kind}:{entry_id}",
        }

    def user(self, user_id: str) -> Json:
        """PlaylistUserObject: who added or owns something."""
        return {
            "external_urls": _links("user", user_id),
            "href": f"{self.api_url}/users/{user_id}",
            "id": user_id,
            "type": "user",
            "uri": f"spotify:user:{user_id}",
        }

    def _simple_artist(self, artist: Artist) -> Json:
        return self._named("artist", artist)

    def _simple_album(self, album: Album) -> Json:
        released, precision = _release(album)
        return self._kept(
            "album",
            {
                **self._named("album", album),
                "album_type": album.album_type,
                "artists": [self._simple_artist(album.artist)],
                "available_markets": MARKETS,
                "images": _images(album.id, (640, 300, 64)),
                "release_date": released,
                "release_date_precision": precision,
                "total_tracks": album.total_tracks,
            },
        )

    def _simple_track(self, track: Track) -> Json:
        return self._kept(
            "track",
            {
                **self._named("track", track),
                "name": track.later_name,
                "artists": [self._simple_artist(artist) for artist in self.artists_of(track)],
                "available_markets": MARKETS,
                "disc_number": 1,
                "duration_ms": track.duration_ms,
                "explicit": dice(0, f"web api lyrics of {track.isrc}").random() < 0.1,
                "is_local": False,
                "is_playable": True,
                "preview_url": None,
                "track_number": track.track_number,
            },
        )

    def _simple_show(self, show: Show) -> Json:
        about = f"{show.publisher} talks to people who do not exist."
        return self._kept(
            "show",
            {
                **self._named("show", show),
                **_spoken(show.id, about),
                "available_markets": MARKETS,
                "copyrights": [],
                "is_externally_hosted": False,
                "media_type": "audio",
                "publisher": show.publisher,
                "total_episodes": len(self._episodes_by_show[show.id]),
            },
        )

    def _simple_episode(self, episode: Episode) -> Json:
        return {
            **self._named("episode", episode),
            **_spoken(episode.show.id, f"In this episode: {episode.name}."),
            "audio_preview_url": None,
            "duration_ms": episode.duration_ms,
            "is_externally_hosted": False,
            "is_playable": True,
            "language": "en",
            "release_date": episode.release_date.isoformat(),
            "release_date_precision": "day",
            "resume_point": {"fully_played": False, "resume_position_ms": 0},
        }

    def _simple_audiobook(self, book: Audiobook) -> Json:
        return self._kept(
            "audiobook",
            {
                **self._named("audiobook", book),
                **_spoken(book.id, f"{book.author} reads aloud."),
                "authors": [{"name": book.author}],
                "available_markets": MARKETS,
                "copyrights": [],
                "edition": "Unabridged",
                "media_type": "audio",
                "narrators": [{"name": book.author}],
                "publisher": "Estuary Audio",
                "total_chapters": len(self._chapters_by_book[book.id]),
                "uri": book.uri,
            },
        )

    def _simple_chapter(self, chapter: Chapter) -> Json:
        return self._kept(
            "chapter",
            {
                **self._named("chapter", chapter),
                **_spoken(chapter.audiobook.id, f"{chapter.name} of {chapter.audiobook.name}."),
                "audio_preview_url": None,
                "available_markets": MARKETS,
                "chapter_number": chapter.chapter_number,
                "duration_ms": chapter.duration_ms,
                "is_playable": True,
                "release_date": "2024-11-01",
                "release_date_precision": "day",
                "resume_point": {"fully_played": False, "resume_position_ms": 0},
                "type": "episode",
                "uri": chapter.uri,
            },
        )

    def _named(self, kind: str, entry: Named) -> Json:
        """What every object has."""
        return {
            "external_urls": _links(kind, entry.id),
            "href": f"{self.api_url}/{kind}s/{entry.id}",
            "id": entry.id,
            "name": entry.name,
            "type": kind,
            "uri": f"spotify:{kind}:{entry.id}",
        }

    def _kept(self, kind: str, fields: Json) -> Json:
        return allowed(self.contract, kind, fields)


def allowed(contract: Contract, kind: str, fields: Json) -> Json:
    """The fields that the contract gives out."""
    if contract == "extended":
        return fields
    return {name: value for name, value in fields.items() if name not in GONE_IN_DEVELOPMENT[kind]}


def _grouped(entries: Iterable[N], key: Callable[[N], str]) -> dict[str, list[N]]:
    groups: dict[str, list[N]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return groups


def _links(kind: str, entry_id: str) -> Json:
    return {"spotify": f"https://open.example.org/{kind}/{entry_id}"}


def _images(entry_id: str, sizes: Iterable[int]) -> list[Json]:
    return [
        {"url": f"https://example.org/image/{entry_id}-{size}", "height": size, "width": size}
        for size in sizes
    ]


def _spoken(image_of: str, about: str) -> Json:
    """What shows, episodes, audiobooks and chapters have in common."""
    return {
        "description": about,
        "html_description": f"<p>{about}</p>",
        "explicit": False,
        "images": _images(image_of, (640, 300, 64)),
        "languages": ["en"],
    }


def _release(album: Album) -> tuple[str, str]:
    """The date and its precision: of older albums Spotify often knows but the year."""
    chance = dice(0, f"web api release of {album.id}").random()
    released: date = album.release_date
    if released.year < 2005 and chance < 0.4:
        return f"{released.year}", "year"
    if released.year < 2015 and chance > 0.97:
        return f"{released:%Y-%m}", "month"
    return released.isoformat(), "day"
