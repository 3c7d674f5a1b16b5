"""The simulated Web API as a client sees it: plays, lists, paging, limits, contracts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
import requests

from simulator import World, imagine
from simulator.catalogue import Track
from simulator.web_api import ALL_SCOPES, Service, serve

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)


@pytest.fixture
def service(world: World) -> Iterator[Service]:
    with serve(world, now=NOW) as served:
        yield served


@pytest.fixture
def extended(world: World) -> Iterator[Service]:
    with serve(world, now=NOW, contract="extended") as served:
        yield served


def get(service: Service, address: str, token: str | None = None) -> requests.Response:
    """The answer to a path below /v1, or to a whole address."""
    url = address if address.startswith("http") else service.api_url + address
    headers = {"Authorization": f"Bearer {token or service.access_token()}"}
    return requests.get(url, headers=headers, timeout=10)


def ask(service: Service, address: str) -> dict[str, Any]:
    response = get(service, address)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def every_row(service: Service, address: str | None) -> list[dict[str, Any]]:
    """The rows of all pages of a list."""
    rows: list[dict[str, Any]] = []
    while address:
        page = ask(service, address)
        page = page.get("artists", page)
        rows += page["items"]
        address = page["next"]
    return rows


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def key_of(row: dict[str, Any]) -> tuple[datetime, str]:
    return instant(row["played_at"]), row["track"]["id"]


def test_recently_played_is_the_latest_fifty_newest_first(service: Service) -> None:
    rows = ask(service, "/me/player/recently-played?limit=50")["items"]
    truth = service.shown_plays(NOW - timedelta(days=400), NOW)
    assert [key_of(row) for row in rows] == truth[:-51:-1]


def test_nothing_older_than_fifty_plays_can_be_reached(service: Service) -> None:
    assert len(every_row(service, "/me/player/recently-played?limit=20")) == 50


def test_cursors_leave_out_the_play_they_name(service: Service) -> None:
    page = ask(service, "/me/player/recently-played?limit=10")
    older = ask(service, f"/me/player/recently-played?before={page['cursors']['before']}")
    assert instant(older["items"][0]["played_at"]) < instant(page["items"][-1]["played_at"])
    newer = ask(service, f"/me/player/recently-played?after={page['cursors']['before']}")
    assert [key_of(row) for row in newer["items"]] == [key_of(row) for row in page["items"][:-1]]
    nothing = ask(service, f"/me/player/recently-played?after={page['cursors']['after']}")
    assert nothing["items"] == []
    assert nothing["cursors"] is None


def test_plays_appear_as_the_clock_moves_and_polls_find_each_once(service: Service) -> None:
    service.clock.now = start = datetime(2025, 6, 1, tzinfo=UTC)
    found: list[tuple[datetime, str]] = []
    after = int(start.timestamp() * 1000)
    for _ in range(120):
        service.clock.advance(timedelta(hours=6))
        page = ask(service, f"/me/player/recently-played?limit=50&after={after}")
        found += [key_of(row) for row in page["items"][::-1]]
        after = int(page["cursors"]["after"]) if page["cursors"] else after
    assert found == service.shown_plays(start, service.clock.now)
    assert set(found) == service.answered_plays()
    assert found


def test_private_sessions_podcasts_and_short_plays_never_show(
    long_life: World,
) -> None:
    with serve(long_life, now=NOW) as service:
        shown = service.account().shown.plays
    heard = [
        play
        for play in long_life.plays
        if isinstance(play.item, Track) and play.is_counted and not play.incognito
    ]
    in_export = [play for play in shown if play.is_in_export]
    assert len(in_export) == len(heard)
    assert 0.011 < 1 - len(in_export) / len(shown) < 0.013
    gaps = [
        abs(play.played_at - record.ended_at)
        for play, record in zip(
            sorted(in_export, key=lambda play: (play.track.id, play.played_at_ms)),
            sorted(heard, key=lambda play: (play.item.id, play.ended_at) if play.item else ()),
            strict=True,
        )
    ]
    assert 0.88 < sum(gap <= timedelta(seconds=1) for gap in gaps) / len(gaps) < 0.94
    assert 0.955 < sum(gap <= timedelta(seconds=2) for gap in gaps) / len(gaps) < 0.99


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/me/player/recently-played?limit=51", 400),
        ("/me/player/recently-played?limit=0", 400),
        ("/me/player/recently-played?limit=ten", 400),
        ("/me/player/recently-played?after=1&before=2", 400),
        ("/me/tracks?limit=51", 400),
        ("/me/tracks?offset=-1", 400),
        ("/me/top/tracks?time_range=for_ever", 400),
        ("/me/following", 400),
        ("/search?q=the&type=track&limit=11", 400),
        ("/search?q=the&type=track&limit=10&offset=1001", 400),
        ("/search?type=track", 400),
        ("/tracks/not-an-id", 400),
        ("/tracks/0000000000000000000000", 404),
        ("/playlists/0000000000000000000000", 404),
        ("/recommendations", 404),
        ("/no/such/endpoint", 404),
        ("/markets", 403),
        ("/audio-features/0000000000000000000000", 403),
    ],
)
def test_a_bad_request_is_refused_as_spotify_does(service: Service, path: str, status: int) -> None:
    response = get(service, path)
    assert response.status_code == status
    assert response.json()["error"]["status"] == status


def test_an_artists_albums_come_by_ten_in_development_and_by_fifty_before(
    service: Service, extended: Service
) -> None:
    artist = next(iter(service.shelf.artists))
    assert get(service, f"/artists/{artist}/albums?limit=11").status_code == 400
    assert get(extended, f"/artists/{artist}/albums?limit=50").status_code == 200


@pytest.mark.parametrize("limit", [7, 50])
def test_pages_hold_every_saved_track_once(service: Service, limit: int) -> None:
    rows = every_row(service, f"/me/tracks?limit={limit}")
    kept = service.account().kept("tracks", NOW)
    assert [row["track"]["id"] for row in rows] == [saved.item.id for saved in kept]
    added = [instant(row["added_at"]) for row in rows]
    assert added == sorted(added, reverse=True)
    assert len(rows) > 50


def test_followed_artists_come_by_cursor(service: Service) -> None:
    rows = every_row(service, "/me/following?type=artist&limit=9")
    kept = service.account().kept("artists", NOW)
    assert [row["id"] for row in rows] == [followed.item.id for followed in kept]
    assert len(rows) > 9


def test_saved_music_is_let_go_again(service: Service) -> None:
    def ids() -> set[str]:
        return {row["track"]["id"] for row in every_row(service, "/me/tracks?limit=50")}

    now = ids()
    service.clock.now = NOW - timedelta(days=200)
    before = ids()
    assert before - now, "something was let go"
    assert now - before, "something was added"


def test_a_playlist_changes_its_snapshot_when_and_only_when_its_items_change(
    service: Service,
) -> None:
    playlist = service.account().playlists[0]
    seen: dict[str, list[Any]] = {}
    for days in range(0, 300, 10):
        service.clock.now = NOW - timedelta(days=days)
        listed = ask(service, f"/playlists/{playlist.id}")
        items = every_row(service, f"/playlists/{playlist.id}/items?limit=50")
        content = [(row["added_at"], row["item"] and row["item"]["uri"]) for row in items]
        assert seen.setdefault(listed["snapshot_id"], content) == content
        assert listed["items"]["total"] == len(items)
    contents = [tuple(content) for content in seen.values()]
    assert len(contents) == len(set(contents)) > 3


def test_development_reads_items_of_own_and_shared_playlists_only(
    service: Service, extended: Service
) -> None:
    mine = service.account().user_id
    for playlist in every_row(service, "/me/playlists"):
        is_readable = playlist["owner"]["id"] == mine or playlist["collaborative"]
        status = get(service, f"/playlists/{playlist['id']}/items").status_code
        assert status == (200 if is_readable else 403)
        assert ("items" in ask(service, f"/playlists/{playlist['id']}")) == is_readable
        assert get(extended, f"/playlists/{playlist['id']}/tracks").status_code == 200


def test_a_playlist_that_was_given_up_is_no_longer_listed(service: Service) -> None:
    given_up = next(p for p in service.account().playlists if p.listed_until is not None)

    def listed() -> set[str]:
        return {row["id"] for row in every_row(service, "/me/playlists")}

    assert given_up.id not in listed()
    service.clock.now = given_up.listed_from + timedelta(days=1)
    assert given_up.id in listed()


def test_playlists_hold_what_breaks_careless_readers(service: Service) -> None:
    rows = [
        row
        for playlist in service.account().playlists
        if service.account().may_read(playlist)
        for row in every_row(service, f"/playlists/{playlist.id}/items?limit=50")
    ]
    assert any(row["is_local"] and row["item"]["id"] is None for row in rows)
    assert any(row["item"] is None for row in rows)
    assert any(row["item"] and row["item"]["type"] == "episode" for row in rows)


def test_top_lists_count_plays_of_their_time(service: Service) -> None:
    midnight = NOW.replace(hour=0)
    plays = service.shown_plays(midnight - timedelta(weeks=4), midnight)
    ids = [track_id for _, track_id in plays]
    rows = every_row(service, "/me/top/tracks?time_range=short_term&limit=50")
    counts = [ids.count(row["id"]) for row in rows]
    assert counts == sorted(counts, reverse=True)
    assert {row["id"] for row in rows} == set(ids)


def test_some_tracks_have_a_guest_and_exports_name_the_first(service: Service) -> None:
    tracks = list(service.shelf.tracks.values())[:300]
    told = [ask(service, f"/tracks/{track.id}") for track in tracks[:60]]
    assert all(
        answer["artists"][0]["name"] == track.artist.name
        for answer, track in zip(told, tracks, strict=False)
    )
    guests = sum(len(service.shelf.artists_of(track)) == 2 for track in tracks)
    assert 0.05 < guests / len(tracks) < 0.2


def test_search_finds_a_track_by_its_names(service: Service) -> None:
    track = next(iter(service.shelf.tracks.values()))
    query = f"track:{track.later_name} artist:{track.artist.name}"
    rows = ask(service, f"/search?type=track&q={quote(query)}")["tracks"]["items"]
    assert rows[0]["name"] == track.later_name
    assert rows[0]["artists"][0]["id"] == track.artist.id


def test_batches_keep_their_order_and_say_null_for_what_is_not(extended: Service) -> None:
    ids = [*list(extended.shelf.tracks)[:49], "0" * 22]
    tracks = ask(extended, f"/tracks/?ids={','.join(ids)}")["tracks"]
    assert [track and track["id"] for track in tracks] == [*ids[:-1], None]
    assert get(extended, f"/tracks?ids={','.join([*ids, ids[0]])}").status_code == 400
    features = ask(extended, f"/audio-features/?ids={ids[0]}")["audio_features"]
    assert features[0]["id"] == ids[0]


def test_extended_apps_may_have_lost_audio_features(world: World) -> None:
    with serve(world, now=NOW, contract="extended", has_audio_features=False) as service:
        track = next(iter(service.shelf.tracks))
        assert get(service, f"/audio-features?ids={track}").status_code == 403
        assert get(service, f"/tracks?ids={track}").status_code == 200


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/me/player/recently-played", "user-read-recently-played"),
        ("/me/top/artists", "user-top-read"),
        ("/me/playlists", "playlist-read-private"),
        ("/me/tracks", "user-library-read"),
        ("/me/shows", "user-library-read"),
        ("/me/following?type=artist", "user-follow-read"),
    ],
)
def test_an_endpoint_wants_its_scope_and_no_other(service: Service, path: str, scope: str) -> None:
    without = get(service, path, service.access_token(scopes=ALL_SCOPES - {scope}))
    assert without.status_code == 403
    assert without.json()["error"]["message"] == "Insufficient client scope"
    assert get(service, path, service.access_token(scopes={scope})).status_code == 200


def test_one_app_serves_several_listeners(world: World) -> None:
    other = imagine(400, seed=8)
    with serve({"me": world, "you": other}, now=NOW) as service:
        mine, yours = service.access_token("me"), service.access_token("you")
        users = [get(service, "/me", token).json()["id"] for token in (mine, yours)]
        assert len(set(users)) == 2
        rows = get(service, "/me/player/recently-played?limit=50", yours).json()["items"]
        assert {key_of(row) for row in rows} == service.answered_plays("you")
        assert service.answered_plays("me") == set()
        assert [call.listener for call in service.calls] == ["me", "you", "you"]
        track = next(iter(other.catalogue.tracks))
        assert get(service, f"/tracks/{track.id}", mine).status_code == 200


def test_the_same_world_is_told_in_the_same_words(world: World) -> None:
    def told() -> list[str]:
        with serve(world, now=NOW) as service:
            playlist = service.account().playlists[1].id
            paths = ("/me", "/me/player/recently-played", "/me/playlists", "/me/albums")
            answers = [get(service, path).text for path in (*paths, f"/playlists/{playlist}")]
            return [answer.replace(service.accounts_url, "") for answer in answers]

    assert told() == told()


def test_every_call_is_written_down_without_its_token(service: Service) -> None:
    token = service.access_token()
    get(service, "/me/tracks?limit=5", token)
    get(service, "/tracks/nonsense", token)
    assert [(call.path, call.query, call.status) for call in service.calls] == [
        ("/v1/me/tracks", "limit=5", 200),
        ("/v1/tracks/nonsense", "", 400),
    ]
    assert all(call.at == NOW and call.listener == "me" for call in service.calls)
    assert token not in repr(service.calls)


def test_a_world_of_more_artists_has_more_to_look_up() -> None:
    small, large = (imagine(400, seed=7, artists=artists) for artists in (40, 80))
    assert len(large.catalogue.artists) == 2 * len(small.catalogue.artists)
    assert len(large.catalogue.tracks) > 1.5 * len(small.catalogue.tracks)


def test_a_playlist_needs_more_than_one_page(service: Service) -> None:
    longest = max(service.account().playlists, key=lambda made: len(made.entries_at(NOW)))
    assert service.account().may_read(longest)
    rows = every_row(service, f"/playlists/{longest.id}/items?limit=50")
    assert len(rows) == len(longest.entries_at(NOW)) > 50
