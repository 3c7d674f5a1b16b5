"""What Spotify's books hold of the plays: each once, and now and then more than once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, pairwise
from typing import Literal

import msgspec

from simulator.catalogue import Episode
from simulator.dice import below, dice
from simulator.listener import TruePlay

Noise = Literal["repeat", "retry"]


@dataclass(frozen=True, slots=True)
class Quirks:
    """How often what goes wrong. Shares of plays, unless said otherwise; the defaults as measured.

    Attributes:
        audio_repeats: Rows that stand twice in one file: 6 in 39,132 rows.
        video_repeats: The same in Video files: 8 of 290 rows.
        retry_bursts: Plays followed by one to six rows alike in all but `ts`, five to ten seconds
            apart: with the default, 0.3 % of rows. One real file has 22 in 933 rows, most none.
        renamed_tracks: Share of the catalogue's tracks that later exports call otherwise.
    """

    audio_repeats: float = 6 / 39_132
    video_repeats: float = 8 / 290
    retry_bursts: float = 0.0013
    renamed_tracks: float = 0.01


NO_QUIRKS = Quirks(audio_repeats=0.0, video_repeats=0.0, retry_bursts=0.0, renamed_tracks=0.0)


class Record(msgspec.Struct, frozen=True, gc=False):
    """One row of Spotify's books: a play, or noise that looks like one.

    Attributes:
        play: The play that the row tells of.
        ended_at: The row's `ts`, UTC. Only a retry's differs from the play's.
        noise: None for the one row of each play that is true.
    """

    play: TruePlay
    ended_at: datetime
    noise: Noise | None


def is_video(play: TruePlay) -> bool:
    """Whether it goes to a Video file: music videos and filmed episodes."""
    filmed = isinstance(play.item, Episode) and play.item.has_video
    return filmed or play.content_type == "video"


def recorded(seed: int, plays: Iterable[TruePlay], quirks: Quirks) -> Iterator[Record]:
    """All rows for some plays, sorted by `ended_at`, made as they are asked for."""
    rng = dice(seed, "records")
    for play, following in pairwise(chain(plays, [None])):
        if play is None:
            return
        yield Record(play, play.ended_at, None)
        if rng.random() < (quirks.video_repeats if is_video(play) else quirks.audio_repeats):
            yield Record(play, play.ended_at, "repeat")
        if rng.random() < quirks.retry_bursts:
            steps = [5 + below(rng, 6) for _ in range(1 + below(rng, 6))]
            yield from _retries(play, following, steps)


def _retries(play: TruePlay, following: TruePlay | None, steps: list[int]) -> Iterator[Record]:
    """The rows of one burst; they end before the next play does, and none outlasts the play.

    A play of the same item right after, or one that is synced, would be told apart from a retry
    by nobody: there a burst is left out.
    """
    if following is None or following.offline or play.offline or following.uri == play.uri:
        return
    ended_at = play.ended_at
    for step in steps:
        ended_at += timedelta(seconds=step)
        if step * 1000 >= play.ms_played or ended_at >= following.ended_at:
            return
        yield Record(play, ended_at, "retry")
