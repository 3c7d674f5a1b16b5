"""How one person listens: sessions over years, from which the true plays come, in order of time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from math import exp, log
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from simulator.catalogue import Catalogue, Chapter, Episode, Track
from simulator.dice import below, between, dice, pick, weighted
from simulator.life import Life, Place
from simulator.taste import Taste

ContentType = Literal["track", "video", "episode", "chapter", "unknown"]
Item = Track | Episode | Chapter | None

# When Spotify began to record skips, and offline_timestamp in seconds; seen in real exports.
MODERN_RECORDS = datetime(2022, 10, 1, tzinfo=UTC)
COUNTED_FROM_MS = 30_000

# How likely a session starts in each hour of the wall clock, as running sums.
WEEKDAY_HOURS = list(
    accumulate((2, 1, 0, 0, 0, 1, 4, 9, 10, 6, 5, 5, 6, 6, 6, 7, 9, 11, 10, 9, 9, 8, 6, 4))
)
WEEKEND_HOURS = list(
    accumulate((6, 4, 2, 1, 0, 0, 1, 2, 4, 7, 9, 9, 8, 8, 9, 9, 9, 9, 9, 9, 9, 9, 9, 8))
)
PACE_BY_WEEKDAY = (1.0, 1.0, 1.05, 1.05, 1.2, 0.95, 0.8)
MOODS = {
    "shuffle": 0.52,
    "picked": 0.20,
    "album": 0.12,
    "loop": 0.04,
    "video": 0.02,
    "podcast": 0.07,
    "book": 0.03,
}
MOOD_NAMES = tuple(MOODS)
MOOD_WEIGHTS = list(accumulate(MOODS.values()))
# How much of a session is skipped at most, by mood.
SKIPPING = {
    "shuffle": 1.0,
    "picked": 0.7,
    "album": 0.25,
    "loop": 0.0,
    "video": 0.0,
    "podcast": 0.0,
    "book": 0.0,
}
SKIPPING_ENDS = frozenset({"fwdbtn", "backbtn", "endplay"})
SKIP_ENDS = ("fwdbtn",) * 12 + ("endplay",) * 7 + ("backbtn",)
LAST_ENDS = ("logout", "logout", "endplay", "unexpected-exit-while-paused", "unexpected-exit")
FIRST_STARTS = ("clickrow",) * 6 + ("appload", "appload", "playbtn", "playbtn", "remote")
ENDS_THAT_START_THE_NEXT = frozenset({"trackdone", "fwdbtn", "backbtn"})


class TruePlay(msgspec.Struct, frozen=True, gc=False):
    """A play that really happened, as Spotify recorded it.

    Attributes:
        content_type: `video` is a music video; a filmed episode is an `episode`.
        item: What was played; None for local files and removed tracks.
        ended_at: UTC, whole seconds. Offline plays carry the time of the sync.
        ms_played: Milliseconds heard.
        offline: None where Spotify did not say (music videos).
        offline_timestamp: Start of the stream, milliseconds since 1970; 0 or None where unknown.
        place: Where the listener was at `ended_at`.
        home: Where they lived then. The two differ on trips.
    """

    content_type: ContentType
    item: Item
    ended_at: datetime
    ms_played: int
    platform: str
    reason_start: str
    reason_end: str
    shuffle: bool
    skipped: bool
    offline: bool | None
    offline_timestamp: int | None
    incognito: bool
    place: Place
    home: Place

    @property
    def started_at(self) -> datetime:
        """UTC. Up to a second before the play before ended, as `ended_at` is cut to seconds."""
        return self.ended_at - timedelta(milliseconds=self.ms_played)

    @property
    def conn_country(self) -> str:
        """ISO code of the country of the connection."""
        return self.place.country

    @property
    def zone(self) -> str:
        """IANA zone of the listener's wall clock at `ended_at`."""
        return self.place.zone

    @property
    def uri(self) -> str | None:
        """Spotify's URI of the item."""
        return self.item.uri if self.item else None

    @property
    def item_name(self) -> str | None:
        """Name of the track, episode or chapter when the play happened."""
        return self.item.name if self.item else None

    @property
    def creator_name(self) -> str | None:
        """Name of the artist, show or audiobook."""
        if isinstance(self.item, Track):
            return self.item.artist.name
        if isinstance(self.item, Episode):
            return self.item.show.name
        return self.item.audiobook.name if self.item else None

    @property
    def album_name(self) -> str | None:
        """Name of the album; None for all but tracks."""
        return self.item.album.name if isinstance(self.item, Track) else None

    @property
    def is_counted(self) -> bool:
        """Whether the default policy counts it: 30 seconds or more."""
        return self.ms_played >= COUNTED_FROM_MS


@dataclass(frozen=True, slots=True)
class _Session:
    mood: str
    platform: str
    size: int
    skipping: float
    incognito: bool
    offline: bool

    @property
    def shuffle(self) -> bool:
        return self.mood == "shuffle"


def listen(seed: int, catalogue: Catalogue, life: Life, plays: int) -> Iterator[TruePlay]:
    """Exactly so many plays, spread over a life, sorted by `ended_at`, made as they are asked for.

    No two share (`ended_at`, item, `ms_played`). Online plays do not overlap, but for the second
    to which `ended_at` is cut.
    """
    return _told_apart(_Listener(seed, catalogue, life, plays).live())


class _Listener:
    def __init__(self, seed: int, catalogue: Catalogue, life: Life, plays: int) -> None:
        self._rng = dice(seed, "listener")
        self._taste = Taste(seed, catalogue, life)
        self._life = life
        self._plays = plays
        self._left = plays
        self._now_ms = 0
        self._day = life.start
        self._unsynced: list[TruePlay] = []

    def live(self) -> Iterator[TruePlay]:
        """Day by day: as many sessions as are due, at hours that suit the day."""
        days = list(self._life.days())
        paces = [PACE_BY_WEEKDAY[day.weekday()] * exp(self._rng.gauss(0, 0.5)) for day in days]
        plays_per_pace = self._plays / sum(paces)
        target = 0.0
        size = self._session_size()
        sleepless_nights = 0
        for self._day, pace in zip(days, paces, strict=True):
            self._taste.begin(self._day)
            change = self._life.clock_change(self._day)
            if change and (sleepless_nights < 2 or self._rng.random() < 0.35):
                sleepless_nights += 1
                yield from self._sleepless_night(change)
            target += pace * plays_per_pace
            sizes: list[int] = []
            while self._plays - self._left + sum(sizes) + size <= target:
                sizes.append(size)
                size = self._session_size()
            for start_ms, session_size in zip(self._session_starts(len(sizes)), sizes, strict=True):
                yield from self._session(start_ms, session_size)
        while self._left:
            yield from self._session(self._now_ms + 3_600_000, self._left)
        yield from self._reconnect(self._now_ms)

    def _session_size(self) -> int:
        return max(1, min(60, int(exp(self._rng.gauss(log(9), 0.8)))))

    def _session_starts(self, count: int) -> list[int]:
        """Milliseconds since 1970, sorted, of sessions on this day's wall clock."""
        hours = WEEKEND_HOURS if self._day.weekday() >= 5 else WEEKDAY_HOURS
        noon = datetime(self._day.year, self._day.month, self._day.day, 12, tzinfo=UTC)
        midnight = noon.replace(hour=0, tzinfo=ZoneInfo(self._life.place_at(noon).zone))
        seconds = sorted(
            weighted(self._rng, range(24), hours) * 3600 + below(self._rng, 3600)
            for _ in range(count)
        )
        # adding to an aware datetime moves its wall clock, which is what habits follow
        return [int((midnight + timedelta(seconds=at)).timestamp()) * 1000 for at in seconds]

    def _sleepless_night(self, change: datetime) -> Iterator[TruePlay]:
        """Music from forty minutes before the clocks change until well into the new time."""
        change_ms = int(change.timestamp()) * 1000
        session = _Session("shuffle", self._platform(), 60, 0.1, incognito=False, offline=False)
        yield from self._perform(session, change_ms - 40 * 60_000, until_ms=change_ms + 80 * 60_000)

    def _session(self, start_ms: int, size: int) -> Iterator[TruePlay]:
        mood = weighted(self._rng, MOOD_NAMES, MOOD_WEIGHTS)
        session = _Session(
            mood=mood,
            platform=self._platform(),
            size=size,
            skipping=SKIPPING[mood] * self._rng.random() ** 1.3,
            incognito=self._rng.random() < 0.012,
            # who is without a connection often stays so for a while, and sees no videos
            offline=self._rng.random() < (0.6 if self._unsynced else 0.01) and mood != "video",
        )
        yield from self._perform(session, start_ms)

    def _perform(
        self, session: _Session, start_ms: int, until_ms: int | None = None
    ) -> Iterator[TruePlay]:
        if not session.offline:
            yield from self._reconnect(start_ms)
        self._now_ms = max(start_ms, self._now_ms + 120_000)
        reason_start = pick(self._rng, FIRST_STARTS)
        size = min(session.size, self._left)
        for number, (content_type, item) in enumerate(islice(self._choices(session), size), 1):
            if until_ms and self._now_ms > until_ms:
                return
            self._left -= 1
            play = self._play(session, content_type, item, reason_start, number == size)
            carries_on = play.reason_end in ENDS_THAT_START_THE_NEXT
            reason_start = play.reason_end if carries_on else "clickrow"
            if session.offline:
                self._unsynced.append(play)
            else:
                yield play

    def _reconnect(self, at_ms: int) -> Iterator[TruePlay]:
        """What was heard offline, five plays a second, all dated by the sync."""
        if not self._unsynced:
            return
        sync_ms = max(at_ms, self._now_ms + 60_000)
        for number, play in enumerate(self._unsynced):
            ended_at = datetime.fromtimestamp(sync_ms // 1000 + number // 5, UTC)
            yield msgspec.structs.replace(
                play,
                ended_at=ended_at,
                place=self._life.place_at(ended_at),
                home=self._life.home_at(ended_at),
            )
        self._now_ms = sync_ms + 1000 * len(self._unsynced)
        self._unsynced.clear()

    def _choices(self, session: _Session) -> Iterator[tuple[ContentType, Item]]:
        """What a session plays, without end."""
        while True:
            if session.mood == "podcast":
                episode = self._taste.episode(self._day)
                yield ("episode", episode) if episode else ("track", self._taste.song())
            elif session.mood == "book":
                chapter = self._taste.chapter(self._day)
                yield ("chapter", chapter) if chapter else ("track", self._taste.song())
            elif session.mood == "video":
                film = self._taste.music_video(self._day)
                yield ("video", film) if film else ("track", self._taste.song())
            elif session.mood == "album":
                for track in self._taste.album():
                    yield "track", track
            elif session.mood == "loop":
                track = self._taste.obsession() or self._taste.song()
                for _ in range(2 + below(self._rng, 6)):
                    yield "track", track
            else:
                yield from self._songs()

    def _songs(self) -> Iterator[tuple[ContentType, Item]]:
        """A song, now and then the one of these days, a local file, or the same once more."""
        chance = self._rng.random()
        if chance < 0.004:
            yield "unknown", None
            return
        track = (self._taste.obsession() if chance < 0.06 else None) or self._taste.song()
        yield "track", track
        if chance > 0.985:
            yield "track", track

    def _play(
        self,
        session: _Session,
        content_type: ContentType,
        item: Item,
        reason_start: str,
        is_last: bool,
    ) -> TruePlay:
        ms_played, reason_end = self._heard(session, content_type, item, is_last)
        start_ms = self._now_ms
        pause_ms = between(self._rng, 5_000, 900_000) if self._rng.random() < 0.02 else 0
        end_ms = start_ms + ms_played + int(pause_ms)
        # as on real loops, where 2 of 84 plays seem to overlap the one before once cut to seconds
        shortest, longest = (550, 1_100) if reason_end == "trackdone" else (200, 4_000)
        self._now_ms = end_ms + int(between(self._rng, shortest, longest))
        ended_at = datetime.fromtimestamp(end_ms // 1000, UTC)
        is_film = content_type == "video"
        return TruePlay(
            content_type=content_type,
            item=item,
            ended_at=ended_at,
            ms_played=ms_played,
            platform=session.platform,
            reason_start="unknown" if is_film else reason_start,
            reason_end=reason_end,
            shuffle=session.shuffle,
            skipped=ended_at >= MODERN_RECORDS and reason_end in SKIPPING_ENDS,
            offline=None if is_film else session.offline,
            offline_timestamp=None if is_film else self._offline_timestamp(session, start_ms),
            incognito=session.incognito,
            place=self._life.place_at(ended_at),
            home=self._life.home_at(ended_at),
        )

    def _heard(
        self, session: _Session, content_type: ContentType, item: Item, is_last: bool
    ) -> tuple[int, str]:
        """Milliseconds and the reason for the end."""
        duration_ms = item.duration_ms if item else 180_000 + below(self._rng, 90_000)
        left_off = pick(self._rng, LAST_ENDS) if is_last else pick(self._rng, SKIP_ENDS)
        chance = self._rng.random()
        if content_type == "video":
            return (duration_ms if chance < 0.1 else self._skim_ms(duration_ms)), "endplay"
        if content_type in ("episode", "chapter"):
            if chance < 0.5:
                return duration_ms, "trackdone"
            return int(duration_ms * between(self._rng, 0.02, 0.9)), left_off
        if session.mood != "loop" and chance < session.skipping:
            return self._skim_ms(duration_ms), left_off
        if session.mood != "loop" and (is_last or chance > 0.93):
            return int(between(self._rng, COUNTED_FROM_MS, duration_ms)), left_off
        return duration_ms, "trackdone"

    def _skim_ms(self, duration_ms: int) -> int:
        """A few seconds before the next button; deciles as measured: 0.9, 1.8, 4.7, 11, 20 s."""
        if self._rng.random() < 0.02:
            return 0
        return min(int(exp(self._rng.gauss(log(4_700), 1.3))), duration_ms - 1)

    def _offline_timestamp(self, session: _Session, start_ms: int) -> int | None:
        """About the start of the stream, for three in four rows within two seconds."""
        if session.platform == "not_applicable":
            return 0
        if session.offline or self._rng.random() < 0.76:
            return start_ms
        return start_ms - int(between(self._rng, 2_000, 3_600_000))

    def _platform(self) -> str:
        """Names of devices lost their capitals when the records became modern."""
        chance = self._rng.random()
        if chance < 0.74:
            name = "Android" if self._day.year < 2023 else "ios"
        elif chance < 0.94:
            name = "Windows"
        else:
            name = pick(self._rng, ("web_player", "web_player", "playstation", "not_applicable"))
        return name if self._day < MODERN_RECORDS.date() else name.lower()


def _told_apart(plays: Iterable[TruePlay]) -> Iterator[TruePlay]:
    """Keep any two plays from sharing end, item and length.

    A short play is made a millisecond longer; a play that was synced moves on by a second.
    """
    seen: set[tuple[str | None, int]] = set()
    ended_at = datetime.min.replace(tzinfo=UTC)
    for play in plays:
        distinct = play
        if distinct.ended_at < ended_at:
            distinct = msgspec.structs.replace(distinct, ended_at=ended_at)
        while distinct.ended_at == ended_at and (distinct.uri, distinct.ms_played) in seen:
            if distinct.offline:
                distinct = msgspec.structs.replace(
                    distinct, ended_at=distinct.ended_at + timedelta(seconds=1)
                )
            else:
                distinct = msgspec.structs.replace(distinct, ms_played=distinct.ms_played + 1)
        if distinct.ended_at > ended_at:
            ended_at = distinct.ended_at
            seen.clear()
        seen.add((distinct.uri, distinct.ms_played))
        yield distinct
