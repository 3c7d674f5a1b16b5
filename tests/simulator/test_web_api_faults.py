"""Each fault as it is seen on the wire, and the controls over HTTP."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from time import sleep
from typing import Any

import pytest
import requests

from simulator import World
from simulator.web_api import Service, serve

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)


@pytest.fixture
def service(world: World) -> Iterator[Service]:
    with serve(world, now=NOW) as served:
        yield served


def get(service: Service, path: str = "/me", timeout: float = 10.0) -> requests.Response:
    headers = {"Authorization": f"Bearer {service.access_token()}"}
    return requests.get(service.api_url + path, headers=headers, timeout=timeout)


def test_a_short_limit_says_how_long_and_is_over_after_its_times(service: Service) -> None:
    service.faults.next("rate_limited", times=2)
    for _ in range(2):
        response = get(service)
        assert response.status_code == 429
        assert 1 <= int(response.headers["Retry-After"]) <= 5
    assert get(service).status_code == 200


def test_a_day_long_limit_holds_for_every_call_until_it_is_over(service: Service) -> None:
    service.faults.next("rate_limited_for_a_day", paths="/v1/me", retry_after=60_000)
    assert get(service).headers["Retry-After"] == "60000"
    service.clock.advance(59_999)
    response = get(service, "/me/tracks")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "1")
    service.clock.advance(1)
    assert get(service).status_code == 200
    assert [call.fault for call in service.calls] == ["rate_limited_for_a_day"] * 2 + [None]


def test_a_used_up_quota_gives_its_reason_and_holds_until_midnight(service: Service) -> None:
    service.faults.next("quota_exceeded")
    response = get(service)
    assert response.status_code == 429
    assert response.json()["error"]["reason"] == "QUOTA_EXCEEDED"
    assert "Retry-After" not in response.headers
    service.clock.now = datetime(2026, 1, 20, 23, 59, 59, tzinfo=UTC)
    assert get(service).status_code == 429
    service.clock.advance(1)
    assert get(service).status_code == 200


@pytest.mark.parametrize("status", [500, 502, 503])
def test_servers_fail(service: Service, status: int) -> None:
    service.faults.next("server_error", status=status)
    assert get(service).status_code == status
    assert get(service).status_code == 200


def test_an_answer_may_come_too_late(service: Service) -> None:
    service.faults.next("slow", delay_seconds=0.6)
    with pytest.raises(requests.exceptions.ReadTimeout):
        get(service, timeout=0.2)
    service.faults.next("slow", delay_seconds=0.3)
    assert get(service, timeout=10).status_code == 200


def test_a_connection_may_be_cut_in_mid_body(service: Service) -> None:
    service.faults.next("cut")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(service)
    assert get(service).status_code == 200


def test_an_answer_may_be_no_json(service: Service) -> None:
    service.faults.next("malformed")
    response = get(service)
    assert response.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        response.json()


def test_plays_in_answers_that_were_lost_do_not_count_as_answered(service: Service) -> None:
    service.faults.next("malformed")
    get(service, "/me/player/recently-played")
    service.faults.next("slow", delay_seconds=0.5)
    with pytest.raises(requests.exceptions.ReadTimeout):
        get(service, "/me/player/recently-played", timeout=0.2)
    sleep(0.5)
    assert service.answered_plays() == set()
    service.faults.next("slow", delay_seconds=0.1)
    get(service, "/me/player/recently-played")
    assert len(service.answered_plays()) == 20


def test_an_expired_token_is_refused_until_there_is_another(service: Service) -> None:
    token = service.access_token()
    service.faults.next("expired_token")
    headers = {"Authorization": f"Bearer {token}"}
    for _ in range(2):
        response = requests.get(f"{service.api_url}/me", headers=headers, timeout=10)
        assert response.status_code == 401
        assert response.json()["error"]["message"] == "The access token expired"
    assert get(service).status_code == 200


def test_a_grant_may_be_revoked_between_two_calls(service: Service) -> None:
    refresh_token = service.sign_in()
    service.faults.next("revoked")
    assert get(service).status_code == 401
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    answer = requests.post(
        f"{service.accounts_url}/api/token",
        data=form | {"client_id": service.client_id},
        timeout=10,
    )
    assert answer.json()["error"] == "invalid_grant"


def test_one_endpoint_alone_may_be_forbidden(service: Service) -> None:
    service.faults.next("forbidden", paths="/v1/me/top/*", times=None)
    assert get(service, "/me/top/tracks").status_code == 403
    assert get(service, "/me/top/artists").status_code == 403
    assert get(service, "/me/tracks").status_code == 200


def pages_of(service: Service, playlist_id: str) -> tuple[list[str], int]:
    """The times at which entries were added, over all pages, and the total of the first."""
    added: list[str] = []
    answer: dict[str, Any] = {"items": [], "total": 1}
    total = None
    while len(added) < (total or 1) and (not added or answer["items"]):
        answer = get(service, f"/playlists/{playlist_id}/items?limit=10&offset={len(added)}").json()
        total = answer["total"] if total is None else total
        added += [f"{row['added_at']} {(row['item'] or {}).get('uri')}" for row in answer["items"]]
    return added, total or 0


def test_a_playlist_may_change_while_it_is_paged(service: Service) -> None:
    playlist = service.account().playlists[0]
    whole, _ = pages_of(service, playlist.id)
    before = get(service, f"/playlists/{playlist.id}").json()["snapshot_id"]
    service.faults.next("playlist_changes", paths="/v1/playlists/*/items")
    service.clock.advance(60)
    first = get(service, f"/playlists/{playlist.id}/items?limit=10").json()["items"]
    assert len(first) == 10
    assert get(service, f"/playlists/{playlist.id}").json()["snapshot_id"] != before
    moved, _ = pages_of(service, playlist.id)
    assert moved[:-1] == whole[1:]
    assert moved[-1].split()[1] == whole[0].split()[1]


def test_a_page_may_be_served_twice(service: Service) -> None:
    first = get(service, "/me/tracks?limit=10").json()
    service.faults.next("duplicate_page")
    assert get(service, "/me/tracks?limit=10").json() == first, "there is no page before the first"
    second = get(service, "/me/tracks?limit=10&offset=10").json()
    assert second["items"] == first["items"]
    assert second["offset"] == 10
    right = get(service, "/me/tracks?limit=10&offset=10").json()
    assert right["items"] != first["items"]


def test_a_page_of_plays_may_be_served_twice(service: Service) -> None:
    first = get(service, "/me/player/recently-played?limit=10").json()
    older = f"/me/player/recently-played?limit=10&before={first['cursors']['before']}"
    service.faults.next("duplicate_page")
    assert get(service, older).json()["items"] == first["items"]
    assert get(service, older).json()["items"] != first["items"]


def test_chance_strikes_alike_for_the_same_seed(service: Service) -> None:
    def struck(seed: int) -> list[str | None]:
        service.reset()
        service.faults.at_random({"server_error": 0.2, "rate_limited": 0.1}, seed=seed)
        for _ in range(100):
            get(service)
        return [call.fault for call in service.calls]

    assert struck(1) == struck(1) != struck(2)
    counts = Counter(struck(3))
    assert 10 <= counts["server_error"] <= 30
    assert 2 <= counts["rate_limited"] <= 20


def test_a_fault_that_does_not_exist_is_refused(service: Service) -> None:
    with pytest.raises(ValueError, match="earthquake"):
        service.faults.next("earthquake")  # type: ignore[arg-type]


def test_another_process_moves_the_clock_plans_faults_and_reads_the_calls(
    service: Service,
) -> None:
    control = f"{service.accounts_url}/_simulator"
    moved = requests.post(f"{control}/clock", json={"advance_seconds": 90}, timeout=10)
    assert datetime.fromisoformat(moved.json()["now"]) == NOW + timedelta(seconds=90)
    requests.post(f"{control}/clock", json={"now": "2026-01-21T00:00:00Z"}, timeout=10)
    assert service.clock.now == datetime(2026, 1, 21, tzinfo=UTC)
    fault: dict[str, str | int | None] = {"kind": "server_error", "paths": "/v1/me", "status": 502}
    assert requests.post(f"{control}/faults", json=fault, timeout=10).status_code == 200
    assert get(service).status_code == 502
    calls = requests.get(f"{control}/calls", timeout=10).json()
    assert [(call["path"], call["status"], call["fault"]) for call in calls] == [
        ("/v1/me", 502, "server_error")
    ]
    requests.post(f"{control}/faults", json=fault | {"times": None}, timeout=10)
    requests.delete(f"{control}/faults", timeout=10)
    assert get(service).status_code == 200
    assert requests.post(f"{control}/faults", json={"kind": "x"}, timeout=10).status_code == 400
    assert requests.post(f"{control}/clock", json={"now": "noon"}, timeout=10).status_code == 400
    assert requests.post(f"{control}/sign_in", timeout=10).json()["refresh_token"]
    requests.post(f"{control}/reset", timeout=10)
    assert service.clock.now == NOW
    assert service.calls == []


def test_the_command_serves_until_it_is_interrupted() -> None:
    """As a person does: start it, export what it prints, ask, press Ctrl+C."""
    command = [sys.executable, "-m", "simulator", "serve", "--port", "0", "--plays", "50"]
    # who is run in the background ignores Ctrl+C, and so does what it starts
    heed = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=heed) as process:
        assert process.stdout
        exports = dict(
            process.stdout.readline().removeprefix("export ").strip().split("=", 1)
            for _ in range(3)
        )
        control = f"{exports['SPOTIFY_ACCOUNTS_URL']}/_simulator/clock"
        first = json.loads(requests.get(control, timeout=10).text)["now"]
        second = json.loads(requests.get(control, timeout=10).text)["now"]
        assert first < second, "time goes on"
        assert requests.get(f"{exports['SPOTIFY_API_URL']}/me", timeout=10).status_code == 401
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()
