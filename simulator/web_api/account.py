"""One listener's account: what Spotify would say of it at an instant."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from functools import cached_property

from simulator.catalogue import Artist, Track, invent_id
from simulator.dice import dice
from simulator.web_api.keeping import Kept, Kind, Playlist, keepsakes, playlists
from simulator.web_api.shown import Shown, ShownPlay
from simulator.world import World

# Spotify counts top lists over about four weeks, six months and a year, and anew each day.
TIME_RANGES = {
    "short_term": timedelta(weeks=4),
    "medium_term": timedelta(days=182),
    "long_term": timedelta(days=365),
}


class Account:
    """What belongs to one listener.

    Attributes:
        listener: The name that a test knows them by.
        account_id: The key that stays when the user's id changes.
        playlists: All that are ever among theirs.
    """

    def __init__(self, listener: str, world: World) -> None:
        self.listener = listener
        self.user_id = f"example-listener-{listener}"
        self.account_id = invent_id(dice(world.seed, f"web api account of {listener}"))
        self.country = world.life.homes[-1].country
        self._world = world
        self._top: dict[tuple[str, str, datetime], Sequence[Track | Artist]] = {}

    @cached_property
    def shown(self) -> Shown:
        """Their plays, as recently-played tells them."""
        return Shown(self._world)

    @cached_property
    def playlists(self) -> list[Playlist]:
        """Their playlists, with histories."""
        return playlists(self._world, self.user_id)

    def kept(self, kind: Kind, now: datetime) -> list[Kept]:
        """What is saved or followed at an instant, newest first."""
        return [kept for kept in reversed(self._keepsakes[kind]) if kept.is_kept(now)]

    def playlists_at(self, now: datetime) -> list[Playlist]:
        """The playlists listed at an instant, newest first."""
        return [playlist for playlist in reversed(self.playlists) if playlist.is_listed(now)]

    def top(self, kind: str, time_range: str, now: datetime) -> Sequence[Track | Artist]:
        """Tracks or artists by plays, most first, as counted at the last midnight UTC."""
        midnight = datetime.combine(now.date(), time(), now.tzinfo)
        key = (kind, time_range, midnight)
        if key not in self._top:
            plays = self.shown.between(midnight - TIME_RANGES[time_range], midnight)
            counts = Counter[Track | Artist](
                play.track if kind == "tracks" else play.track.artist for play in plays
            )
            ranked = sorted(counts, key=lambda entry: (-counts[entry], entry.id))
            self._top[key] = ranked
        return self._top[key]

    def context_of(self, play: ShownPlay) -> tuple[str, str] | None:
        """Kind and id of what a play was played from, where Spotify knows."""
        rng = dice(play.played_at_ms, "web api context")
        chance = rng.random()
        if chance < 0.3:
            return None
        listed = self.playlists_at(play.played_at)
        if chance < 0.6 and listed:
            return "playlist", listed[int(rng.random() * len(listed))].id
        if chance < 0.8:
            return "artist", play.track.artist.id
        return "album", play.track.album.id

    def may_read(self, playlist: Playlist) -> bool:
        """Whether the items of a playlist are shown to apps in development mode."""
        return playlist.owner == self.user_id or playlist.is_collaborative

    def recently_played(
        self, now: datetime, limit: int, after: int | None = None, before: int | None = None
    ) -> list[ShownPlay]:
        """Newest first, at most `limit` of the latest fifty; bounds are exclusive Unix ms."""
        plays = [
            play
            for play in self.shown.window(now)
            if (after is None or play.played_at_ms > after)
            and (before is None or play.played_at_ms < before)
        ]
        return plays[::-1][:limit]

    @cached_property
    def _keepsakes(self) -> dict[Kind, list[Kept]]:
        return keepsakes(self._world)
