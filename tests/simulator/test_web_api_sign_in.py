"""Signing in to the simulated Spotify: codes, secrets, PKCE, rotation, the end after six months."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from simulator import World
from simulator.web_api import Service, serve

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)
HERE = "http://127.0.0.1:8888/callback"
VERIFIER = "a verifier that nobody else could guess".replace(" ", "-") + "-0123456789"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def service(world: World) -> Iterator[Service]:
    with serve(world, now=NOW) as served:
        yield served


def authorize(service: Service, **changes: str | None) -> requests.Response:
    """The browser's first answer, not followed."""
    query: dict[str, str | None] = {
        "client_id": service.client_id,
        "response_type": "code",
        "redirect_uri": HERE,
        "scope": "user-top-read user-library-read",
        "state": "some state",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return requests.get(
        f"{service.accounts_url}/authorize",
        params=query | changes,
        allow_redirects=False,
        timeout=10,
    )


def sent_back(response: requests.Response) -> dict[str, str]:
    """What the browser brings to the redirect address."""
    assert response.status_code == 302, response.text
    assert response.headers["Location"].startswith(HERE)
    query = parse_qs(urlsplit(response.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}


def token(service: Service, *, proof: str | None = None, **form: str | None) -> requests.Response:
    """An answer of /api/token; with a secret by Basic, else as PKCE does."""
    if proof is None:
        form = {"client_id": service.client_id, **form}
    return requests.post(
        f"{service.accounts_url}/api/token",
        data=form,
        auth=(service.client_id, proof) if proof else None,
        timeout=10,
    )


def exchange(service: Service, code: str, verifier: str | None = VERIFIER) -> requests.Response:
    return token(
        service,
        grant_type="authorization_code",
        code=code,
        redirect_uri=HERE,
        code_verifier=verifier,
    )


def renew(service: Service, refresh_token: str, secret: str | None = None) -> requests.Response:
    return token(service, proof=secret, grant_type="refresh_token", refresh_token=refresh_token)


def status_of_me(service: Service, access_token: str) -> int:
    headers = {"Authorization": f"Bearer {access_token}"}
    return requests.get(f"{service.api_url}/me", headers=headers, timeout=10).status_code


def test_pkce_signs_in_and_the_token_has_the_scopes_that_were_allowed(service: Service) -> None:
    back = sent_back(authorize(service))
    assert back["state"] == "some state"
    answer = exchange(service, back["code"]).json()
    assert answer["scope"] == "user-library-read user-top-read"
    assert answer["expires_in"] == 3600
    assert status_of_me(service, answer["access_token"]) == 200


def test_a_wrong_verifier_gets_nothing_and_spends_the_code(service: Service) -> None:
    code = sent_back(authorize(service))["code"]
    refused = exchange(service, code, "another verifier")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert exchange(service, code).json()["error"] == "invalid_grant"


def test_a_code_is_good_once_and_for_ten_minutes(service: Service) -> None:
    code = sent_back(authorize(service))["code"]
    assert exchange(service, code).status_code == 200
    assert exchange(service, code).status_code == 400
    late = sent_back(authorize(service))["code"]
    service.clock.advance(timedelta(minutes=11))
    assert exchange(service, late).status_code == 400


def test_without_a_challenge_the_secret_is_needed(service: Service) -> None:
    def code() -> str:
        back = sent_back(authorize(service, code_challenge=None, code_challenge_method=None))
        return back["code"]

    form = {"grant_type": "authorization_code", "redirect_uri": HERE}
    assert token(service, **form, code=code()).json()["error"] == "invalid_request"
    wrong = token(service, **form, code=code(), proof="wrong")
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_client")
    right = token(service, **form, code=code(), proof=service.client_secret)
    assert right.status_code == 200
    again = renew(service, right.json()["refresh_token"], service.client_secret)
    assert "refresh_token" not in again.json(), "a secret's refresh token stays"
    assert renew(service, right.json()["refresh_token"], service.client_secret).status_code == 200


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"redirect_uri": "http://localhost:8888/callback"}, "Insecure redirect URI"),
        ({"redirect_uri": "http://127.0.0.1:8888/elsewhere"}, "Invalid redirect URI"),
        ({"redirect_uri": "https://example.org/callback"}, "Invalid redirect URI"),
        ({"client_id": "nobody"}, "Invalid client"),
        ({"scope": "user-reads-minds"}, "Invalid scope"),
        ({"response_type": "token"}, "response_type"),
        ({"code_challenge_method": "plain"}, "S256"),
    ],
)
def test_a_wrong_request_is_told_so_in_the_browser(
    service: Service, changes: dict[str, str], reason: str
) -> None:
    response = authorize(service, **changes)
    assert response.status_code == 400
    assert reason in response.text


def test_a_registered_loopback_address_stands_for_all_its_ports(service: Service) -> None:
    response = authorize(service, redirect_uri="http://127.0.0.1:49152/callback")
    assert response.status_code == 302


def test_who_declines_is_sent_back_with_an_error(service: Service) -> None:
    service.browser.agrees = False
    assert sent_back(authorize(service)) == {"error": "access_denied", "state": "some state"}


def test_pkce_gets_another_refresh_token_each_time(service: Service) -> None:
    first = service.sign_in()
    second = renew(service, first).json()["refresh_token"]
    assert second != first
    assert renew(service, first).json()["error"] == "invalid_grant"
    assert renew(service, second).status_code == 200


def test_an_access_token_lives_for_an_hour(service: Service) -> None:
    access_token = renew(service, service.sign_in()).json()["access_token"]
    service.clock.advance(timedelta(minutes=59))
    assert status_of_me(service, access_token) == 200
    service.clock.advance(timedelta(minutes=1))
    assert status_of_me(service, access_token) == 401
    assert status_of_me(service, "never handed out") == 401


def test_refreshing_does_not_put_off_the_end_after_six_months(service: Service) -> None:
    refresh_token = service.sign_in(authorised_at=datetime(2025, 8, 31, 9, tzinfo=UTC))
    service.clock.now = datetime(2026, 2, 28, 8, 59, tzinfo=UTC)
    refresh_token = renew(service, refresh_token).json()["refresh_token"]
    service.clock.advance(timedelta(minutes=1))
    refused = renew(service, refresh_token)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_a_revoked_sign_in_ends_its_tokens_and_nobody_elses(world: World) -> None:
    with serve({"me": world, "you": world}, now=NOW) as service:
        mine, yours = service.sign_in("me"), service.sign_in("you")
        answer = renew(service, mine).json()
        service.revoke("me")
        assert status_of_me(service, answer["access_token"]) == 401
        assert renew(service, answer["refresh_token"]).json()["error"] == "invalid_grant"
        assert renew(service, yours).status_code == 200


def test_the_call_log_knows_of_signing_in_but_no_token(service: Service) -> None:
    code = sent_back(authorize(service))["code"]
    answer = exchange(service, code).json()
    paths = [(call.method, call.path, call.status) for call in service.calls]
    assert paths == [("GET", "/authorize", 302), ("POST", "/api/token", 200)]
    log = repr(service.calls)
    assert not any(secret in log for secret in (code, VERIFIER, *map(str, answer.values())))
