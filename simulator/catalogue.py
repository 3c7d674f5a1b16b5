"""What can be listened to: artists, albums, tracks, shows, episodes, audiobooks and chapters.

Objects carry what the Web API would say of them, so that one world can be served both as files
and over HTTP. Nothing here exists outside of the simulator.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from random import Random

from simulator import words
from simulator.dice import below, between, dice, pick

BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Measured on real exports: 5-17 % of plays have an (artist, track) that carries several URIs.
REISSUED_SHARE = 0.11
ARTISTS = 320
# Music videos came to the product in 2024, audiobooks to most countries late in that year.
MUSIC_VIDEOS_FROM = date(2024, 3, 1)
AUDIOBOOKS_FROM = date(2024, 11, 1)


@dataclass(frozen=True, slots=True)
class Artist:
    """Someone who makes music."""

    id: str
    name: str
    genres: tuple[str, ...]

    @property
    def uri(self) -> str:
        """`spotify:artist:` and the id."""
        return f"spotify:artist:{self.id}"


@dataclass(frozen=True, slots=True)
class Album:
    """A release. `album_type` is album or compilation, as the Web API has it."""

    id: str
    name: str
    artist: Artist
    release_date: date
    album_type: str
    total_tracks: int

    @property
    def uri(self) -> str:
        """`spotify:album:` and the id."""
        return f"spotify:album:{self.id}"


@dataclass(frozen=True, slots=True)
class Track:
    """One track of one album. A recording that was released again keeps its ISRC, not its id.

    `later_name` is what Spotify calls the track since the catalogue was tidied, where it differs.
    """

    id: str
    name: str
    later_name: str
    album: Album
    track_number: int
    duration_ms: int
    isrc: str
    has_video: bool

    @property
    def uri(self) -> str:
        """`spotify:track:` and the id."""
        return f"spotify:track:{self.id}"

    @property
    def artist(self) -> Artist:
        """Who made it."""
        return self.album.artist


@dataclass(frozen=True, slots=True)
class Show:
    """A podcast."""

    id: str
    name: str
    publisher: str

    @property
    def uri(self) -> str:
        """`spotify:show:` and the id."""
        return f"spotify:show:{self.id}"


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode of a show."""

    id: str
    name: str
    show: Show
    duration_ms: int
    release_date: date
    has_video: bool

    @property
    def uri(self) -> str:
        """`spotify:episode:` and the id."""
        return f"spotify:episode:{self.id}"


@dataclass(frozen=True, slots=True)
class Audiobook:
    """A book that is read aloud."""

    id: str
    name: str
    author: str

    @property
    def uri(self) -> str:
        """Spotify counts audiobooks among the shows."""
        return f"spotify:show:{self.id}"


@dataclass(frozen=True, slots=True)
class Chapter:
    """One chapter of an audiobook."""

    id: str
    name: str
    audiobook: Audiobook
    chapter_number: int
    duration_ms: int

    @property
    def uri(self) -> str:
        """Spotify counts chapters among the episodes."""
        return f"spotify:episode:{self.id}"


@dataclass(frozen=True)
class Catalogue:
    """All there is. Tracks stand in album order, episodes by show and date, chapters by book."""

    artists: tuple[Artist, ...]
    tracks: tuple[Track, ...]
    episodes: tuple[Episode, ...]
    chapters: tuple[Chapter, ...]

    @cached_property
    def tracks_by_artist(self) -> dict[str, tuple[Track, ...]]:
        """An artist's id to their tracks, oldest album first."""
        grouped: dict[str, list[Track]] = {artist.id: [] for artist in self.artists}
        for track in self.tracks:
            grouped[track.artist.id].append(track)
        return {artist: tuple(tracks) for artist, tracks in grouped.items()}

    @cached_property
    def tracks_by_album(self) -> dict[str, tuple[Track, ...]]:
        """An album's id to its tracks in order."""
        grouped: dict[str, list[Track]] = {}
        for track in self.tracks:
            grouped.setdefault(track.album.id, []).append(track)
        return {album: tuple(tracks) for album, tracks in grouped.items()}


def invent(
    seed: int,
    *,
    since: date,
    until: date,
    renamed_share: float = 0.01,
    artists: int = ARTISTS,
) -> Catalogue:
    """A catalogue, the same for the same arguments.

    Args:
        seed: Of the whole world.
        since: When the listener's life starts. Most albums are older, by up to 30 years.
        until: Nothing is released after this day.
        renamed_share: Share of tracks that get another name when the catalogue is tidied.
        artists: How many; each has about 28 tracks.
    """
    rng = dice(seed, "catalogue")
    makers = tuple(_artists(rng, artists))
    tracks = tuple(
        track
        for artist in makers
        for track in _discography(rng, artist, since, until, renamed_share)
    )
    shows = [Show(invent_id(rng), name, words.person(rng)) for name in _unique(rng, words.show, 14)]
    episodes = tuple(episode for show in shows for episode in _episodes(rng, show, since, until))
    books = [
        Audiobook(invent_id(rng), name, words.person(rng)) for name in _unique(rng, words.book, 8)
    ]
    chapters = tuple(chapter for book in books for chapter in _chapters(rng, book))
    return Catalogue(makers, tracks, episodes, chapters)


def _artists(rng: Random, count: int) -> Iterator[Artist]:
    for name in _unique(rng, words.band, count):
        genres = {pick(rng, words.GENRES) for _ in range(1 + below(rng, 3))}
        yield Artist(invent_id(rng), name, tuple(sorted(genres)))


def _discography(
    rng: Random, artist: Artist, since: date, until: date, renamed_share: float
) -> Iterator[Track]:
    """Albums of new songs and, for some artists, one compilation that releases songs again."""
    oldest = since - timedelta(days=int(30 * 365 * rng.random() ** 2))
    days = max(1, (until - oldest).days)
    dates = sorted(oldest + timedelta(days=below(rng, days)) for _ in range(1 + below(rng, 4)))
    titles = iter(list(_unique(rng, words.song, 14 * len(dates))))
    recordings: list[Track] = []
    for released, name in zip(dates, _unique(rng, words.record, len(dates)), strict=True):
        length = 7 + below(rng, 7)
        album = Album(invent_id(rng), name, artist, released, "album", length)
        recordings += [
            _recording(rng, album, number, next(titles), renamed_share)
            for number in range(1, length + 1)
        ]
    yield from recordings
    yield from _reissue(rng, artist, recordings, until)


def _recording(rng: Random, album: Album, number: int, title: str, renamed_share: float) -> Track:
    duration_ms = int(rng.gauss(214_000, 46_000))
    renamed = rng.random() < renamed_share
    return Track(
        id=invent_id(rng),
        name=title,
        later_name=f"{title} - {album.release_date.year} Remaster" if renamed else title,
        album=album,
        track_number=number,
        duration_ms=max(61_000, min(duration_ms, 620_000)),
        isrc=f"QZ{pick(rng, 'ABCDEFGH')}{below(rng, 90) + 10}"
        f"{album.release_date.year % 100:02}{below(rng, 100_000):05}",
        has_video=rng.random() < 0.12,
    )


def _reissue(rng: Random, artist: Artist, recordings: list[Track], until: date) -> Iterator[Track]:
    """A compilation of some recordings: same names, lengths and ISRCs, other ids."""
    again = [track for track in recordings if rng.random() < REISSUED_SHARE]
    if not again:
        return
    latest = max(track.album.release_date for track in again)
    released = latest + timedelta(days=int((until - latest).days * between(rng, 0.0, 0.4)))
    album = Album(
        invent_id(rng), f"The Best of {artist.name}", artist, released, "compilation", len(again)
    )
    for number, track in enumerate(again, start=1):
        yield Track(
            id=invent_id(rng),
            name=track.name,
            later_name=track.name,
            album=album,
            track_number=number,
            duration_ms=track.duration_ms,
            isrc=track.isrc,
            has_video=False,
        )


def _episodes(rng: Random, show: Show, since: date, until: date) -> Iterator[Episode]:
    """One every week or two, from a random day on; every third show also films itself."""
    every = timedelta(days=pick(rng, (7, 7, 14)))
    length_ms = between(rng, 15, 80) * 60_000
    filmed = rng.random() < 0.3
    released = since + timedelta(days=below(rng, max(1, (until - since).days // 2)))
    number = 1
    while released < until:
        yield Episode(
            id=invent_id(rng),
            name=words.episode(rng, number),
            show=show,
            duration_ms=int(length_ms * between(rng, 0.7, 1.4)),
            release_date=released,
            has_video=filmed and released.year >= 2022,
        )
        released += every
        number += 1


def _chapters(rng: Random, book: Audiobook) -> Iterator[Chapter]:
    for number in range(1, 13 + below(rng, 20)):
        minutes = between(rng, 9, 38)
        yield Chapter(invent_id(rng), f"Chapter {number}", book, number, int(minutes * 60_000))


def _unique(rng: Random, invent_name: Callable[[Random], str], count: int) -> Iterator[str]:
    """As many different names as asked for."""
    seen: set[str] = set()
    while len(seen) < count:
        name = invent_name(rng)
        if name not in seen:
            seen.add(name)
            yield name


def invent_id(rng: Random) -> str:
    """22 characters of base 62, as all ids of Spotify."""
    number = rng.getrandbits(130)
    characters = []
    for _ in range(22):
        number, digit = divmod(number, 62)
        characters.append(BASE62[digit])
    return "".join(characters)
