"""The rest of the account data: library, playlists, searches, and personal files, all made up."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random

from simulator.catalogue import Artist, Episode, Track
from simulator.dice import below, dice, pick
from simulator.listener import TruePlay

Json = dict[str, "JsonValue"]
JsonValue = str | int | float | bool | None | Sequence["JsonValue"] | Json

PLAYLISTS = ("Morning tram", "Sunday soup", "Loud & clear", "For the long drive")


def belongings(seed: int, plays: Sequence[TruePlay], until: date) -> dict[str, JsonValue]:
    """File names to contents, as of a day (UTC).

    Args:
        seed: Of the world.
        plays: What was played until then: people keep what they play most.
        until: The day of the export.
    """
    rng = dice(seed, f"belongings {until}")
    tracks = _favourites(plays)
    return {
        "YourLibrary.json": _library(tracks, plays),
        "Playlist1.json": {
            "playlists": [_playlist(rng, name, tracks, plays, until) for name in PLAYLISTS]
        },
        "SearchQueries.json": _searches(rng, tracks, until),
        "Follow.json": {
            "userIsFollowing": ["example-friend-1", "example-friend-2"],
            "userIsFollowedBy": ["example-friend-1"],
            "userIsBlocking": [],
        },
        "Marquee.json": [
            {
                "artistName": artist.name,
                "segment": pick(rng, ("Light listeners", "Super Listeners", "Previously Active")),
            }
            for artist in _artists(tracks)[:40]
        ],
        f"Wrapped{until.year - 1}.json": {
            "topArtists": {"topArtistUris": [artist.uri for artist in _artists(tracks)[:5]]},
            "yearlyMetrics": {"totalMsListened": sum(play.ms_played for play in plays)},
        },
        **_personal(until),
    }


def _favourites(plays: Sequence[TruePlay]) -> list[Track]:
    """Tracks by how often they were heard out, most first."""
    counts = Counter(
        play.item for play in plays if isinstance(play.item, Track) and play.is_counted
    )
    return [track for track, _ in counts.most_common(400)]


def _artists(tracks: Sequence[Track]) -> list[Artist]:
    return list(dict.fromkeys(track.artist for track in tracks))


def _episodes(plays: Sequence[TruePlay]) -> list[Episode]:
    return list(dict.fromkeys(play.item for play in plays if isinstance(play.item, Episode)))


def _library(tracks: Sequence[Track], plays: Sequence[TruePlay]) -> Json:
    saved, banned = tracks[:250], tracks[250:252]
    albums = list(dict.fromkeys(track.album for track in saved))[:60]
    episodes = _episodes(plays)[-20:]
    shows = list(dict.fromkeys(episode.show for episode in episodes))
    return {
        "tracks": [_library_track(track) for track in saved],
        "albums": [
            {"artist": album.artist.name, "album": album.name, "uri": album.uri} for album in albums
        ],
        "shows": [
            {"name": show.name, "publisher": show.publisher, "uri": show.uri} for show in shows
        ],
        "episodes": [
            {"name": episode.name, "show": episode.show.name, "uri": episode.uri}
            for episode in episodes
        ],
        "bannedTracks": [_library_track(track) for track in banned],
        "artists": [{"name": artist.name, "uri": artist.uri} for artist in _artists(saved)[:80]],
        "bannedArtists": [],
        "other": [],
    }


def _library_track(track: Track) -> Json:
    return {
        "artist": track.artist.name,
        "album": track.album.name,
        "track": track.name,
        "uri": track.uri,
    }


def _playlist(
    rng: Random, name: str, tracks: Sequence[Track], plays: Sequence[TruePlay], until: date
) -> Json:
    """Tracks with the days on which they were added, one episode, one local file."""
    items: list[Json] = [
        {"track": _playlist_track(track)} for track in tracks if rng.random() < 0.15
    ]
    items += [
        {"episode": {"episodeName": item.name, "showName": item.show.name, "episodeUri": item.uri}}
        for item in _episodes(plays)[:1]
    ]
    items.append({"localTrack": {"uri": f"spotify:local:::Rehearsal+{name.split()[0]}:204"}})
    kinds: Json = dict.fromkeys(("track", "episode", "audiobook", "localTrack"))
    added = sorted(until - timedelta(days=1 + below(rng, 900)) for _ in items)
    return {
        "name": name,
        "lastModifiedDate": added[-1].isoformat(),
        "collaborators": [],
        "items": [
            {**kinds, **item, "addedDate": day.isoformat()}
            for item, day in zip(items, added, strict=True)
        ],
        "description": None,
        "numberOfFollowers": below(rng, 4),
    }


def _playlist_track(track: Track) -> Json:
    return {
        "trackName": track.name,
        "artistName": track.artist.name,
        "albumName": track.album.name,
        "trackUri": track.uri,
    }


def _searches(rng: Random, tracks: Sequence[Track], until: date) -> list[Json]:
    """Half-typed names over the last three months, in Spotify's own way to write a time."""
    end = datetime(until.year, until.month, until.day, tzinfo=UTC)
    times = sorted(end - timedelta(milliseconds=below(rng, 90 * 86_400_000)) for _ in range(40))
    searches: list[Json] = []
    for at in times:
        if tracks:
            track = pick(rng, tracks)
            searches.append(
                {
                    "platform": "IPHONE",
                    "searchTime": f"{at.isoformat(timespec='milliseconds')[:-6]}Z[UTC]",
                    "searchQuery": track.artist.name.lower()[: 3 + below(rng, 9)],
                    "searchInteractionURIs": [track.uri] if rng.random() < 0.7 else [],
                }
            )
    return searches


def _personal(until: date) -> dict[str, JsonValue]:
    """Files that nobody should read, filled so that it shows at once if somebody did."""
    return {
        "Identity.json": {"displayName": "EXAMPLE LISTENER", "firstName": "EXAMPLE"},
        "Userdata.json": {
            "username": "listener",
            "email": "listener@example.com",
            "country": "NO",
            "birthdate": "1900-01-01",
            "creationTime": "2010-01-01",
        },
        "Payments.json": {"payment_method": "EXAMPLE CARD 0000", "country": "NO"},
        "Inferences.json": {"inferences": [f"EXAMPLE INFERENCE {until.year}"]},
    }
