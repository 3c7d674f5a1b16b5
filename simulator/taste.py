"""What the listener likes: it grows over the years, drifts by the month, and falls in love."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from math import exp

from simulator.catalogue import (
    AUDIOBOOKS_FROM,
    MUSIC_VIDEOS_FROM,
    Artist,
    Catalogue,
    Chapter,
    Episode,
    Track,
)
from simulator.dice import below, dice, pick, weighted
from simulator.life import Life

KNOWN_AT_START = 24
EVER_FOUND_SHARE = 0.7
# A newly found artist is all one hears, for some months.
NOVELTY = 2.5
NOVELTY_DAYS = 120


@dataclass(frozen=True, slots=True)
class _Liked:
    artist: Artist
    found_on: date
    affinity: float
    favourites: tuple[Track, ...]


class Taste:
    """Picks what is played on a day. Days must not go backwards."""

    def __init__(self, seed: int, catalogue: Catalogue, life: Life) -> None:
        self._rng = dice(seed, "taste")
        self._catalogue = catalogue
        self._liked = self._discoveries(life)
        self._month = (0, 0)
        self._rotation: list[_Liked] = []
        self._rotation_weights: list[float] = []
        self._charts: dict[str, tuple[list[Track], list[float]]] = {}
        self._obsession: Track | None = None
        self._films: list[Track] = []
        self._next_chapter = 0
        self._episode_dates = sorted(
            (episode.release_date, number) for number, episode in enumerate(catalogue.episodes)
        )

    def begin(self, day: date) -> None:
        """Start a day: mood swings monthly, and a song may take over for a week or two."""
        if (day.year, day.month) != self._month:
            self._month = (day.year, day.month)
            self._rotate(day)
        if self._rng.random() < 0.09:
            in_love = self._rotation and self._rng.random() < 0.8
            self._obsession = self.song() if in_love else None

    def song(self) -> Track:
        """A track from this month's rotation."""
        liked = weighted(self._rng, self._rotation, self._rotation_weights)
        chart = self._charts.get(liked.artist.id)
        if chart is None:
            chart = self._charts[liked.artist.id] = self._chart(liked)
        return weighted(self._rng, *chart)

    def obsession(self) -> Track | None:
        """The song of these days, if there is one."""
        return self._obsession

    def album(self) -> tuple[Track, ...]:
        """A whole album, in order."""
        return self._catalogue.tracks_by_album[self.song().album.id]

    def music_video(self, day: date) -> Track | None:
        """A track that has a video; None before videos came."""
        if day < MUSIC_VIDEOS_FROM:
            return None
        if not self._films:
            songs = (self.song() for _ in range(400))
            self._films = [song for song in songs if song.has_video]
        return pick(self._rng, self._films) if self._films else None

    def episode(self, day: date) -> Episode | None:
        """One of the latest forty episodes, the newest of them the likeliest."""
        published = bisect_right(self._episode_dates, (day, -1))
        back = int(40 * self._rng.random() ** 2) + 1
        if published < back:
            return None
        return self._catalogue.episodes[self._episode_dates[published - back][1]]

    def chapter(self, day: date) -> Chapter | None:
        """The next chapter of the book being heard; None before audiobooks came."""
        if day < AUDIOBOOKS_FROM:
            return None
        chapter = self._catalogue.chapters[self._next_chapter % len(self._catalogue.chapters)]
        self._next_chapter += 1
        return chapter

    def _discoveries(self, life: Life) -> list[_Liked]:
        artists = sorted(self._catalogue.artists, key=lambda _: self._rng.random())
        days = max(1, (life.end - life.start).days)
        liked = []
        for number, artist in enumerate(artists[: int(len(artists) * EVER_FOUND_SHARE)]):
            found_on = life.start - timedelta(days=900)
            if number >= KNOWN_AT_START:
                found_on = life.start + timedelta(days=below(self._rng, days))
            tracks = self._catalogue.tracks_by_artist[artist.id]
            liked.append(
                _Liked(
                    artist,
                    found_on,
                    affinity=min(30.0, (1.0 - self._rng.random()) ** -0.8),
                    favourites=tuple(sorted(tracks, key=lambda _: self._rng.random())),
                )
            )
        return liked

    def _rotate(self, day: date) -> None:
        self._charts.clear()
        self._films.clear()
        self._day = day
        self._rotation = [liked for liked in self._liked if self._can_hear(liked, day)]
        weights = (
            liked.affinity
            * (0.35 + NOVELTY * exp(-(day - liked.found_on).days / NOVELTY_DAYS))
            * exp(self._rng.gauss(0.0, 0.8))
            for liked in self._rotation
        )
        self._rotation_weights = list(accumulate(weights))

    def _can_hear(self, liked: _Liked, day: date) -> bool:
        return liked.found_on <= day and any(
            track.album.release_date <= day for track in liked.favourites
        )

    def _chart(self, liked: _Liked) -> tuple[list[Track], list[float]]:
        """An artist's released tracks and the running sums of how much each is played."""
        tracks = [track for track in liked.favourites if track.album.release_date <= self._day]
        fresh = self._day - timedelta(days=60)
        weights = (
            (3.0 if track.album.release_date > fresh else 1.0) / (1 + rank)
            for rank, track in enumerate(tracks)
        )
        return tracks, list(accumulate(weights))
