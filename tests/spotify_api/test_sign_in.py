"""Signing in as people do: a process, a terminal or none, a browser, Spotify's answer."""

from __future__ import annotations

import http.client
import os
import pty
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from ingestion.settings import PROJECT_ROOT, Settings
from ingestion.spotify_api.sign_in import SCOPES, answers_at
from ingestion.spotify_api.tokens import App, TokenFile, signed_in_listeners
from simulator.web_api import Service
from tests.programs import free_port
from tests.spotify_api.conftest import BROWSER, spotify_elt, where_it_leads


@dataclass
class Terminal:
    """A process whose standard input is a terminal."""

    process: subprocess.Popen[str]
    keyboard: int
    shown: str = ""

    def read_until(self, pattern: str) -> re.Match[str]:
        assert self.process.stdout
        while not (match := re.search(pattern, self.shown)):
            letter = self.process.stdout.read(1)
            assert letter, self.shown
            self.shown += letter
        return match

    def type(self, line: str) -> None:
        self.shown = ""
        os.write(self.keyboard, f"{line}\n".encode())

    def end(self) -> int:
        assert self.process.stdout
        self.shown += self.process.stdout.read()
        return self.process.wait(30)


@contextmanager
def at_a_terminal(environment: dict[str, str], *arguments: str) -> Iterator[Terminal]:
    keyboard, inside = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ingestion", *arguments],
        env=environment,
        cwd=PROJECT_ROOT,
        stdin=inside,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        bufsize=1,
        start_new_session=True,
    )
    os.close(inside)
    try:
        yield Terminal(process, keyboard)
    finally:
        process.kill()
        process.wait()
        os.close(keyboard)


def test_a_browser_is_all_it_takes(
    environment: dict[str, str], settings: Settings, service: Service
) -> None:
    result = spotify_elt(environment, "login")

    assert result.returncode == 0, result.stderr
    assert "me is signed in as Example me, until " in result.stdout
    assert result.stderr == ""
    signed_in = TokenFile(settings.spotify_tokens).read().listeners["me"]
    assert signed_in.client_id == service.client_id
    assert not signed_in.uses_secret
    assert set(signed_in.scope.split()) == set(SCOPES)

    again = spotify_elt(environment, "login", "--listener", "anna")
    assert again.returncode == 0, again.stderr
    assert "show_dialog=true" in again.stdout, "Spotify would take the account it knows"
    assert signed_in_listeners(settings) == ["anna", "me"]


def test_an_app_with_a_secret_signs_in_with_it(
    environment: dict[str, str], settings: Settings, service: Service
) -> None:
    result = spotify_elt(environment | {"SPOTIFY_CLIENT_SECRET": service.client_secret}, "login")

    assert result.returncode == 0, result.stderr
    assert TokenFile(settings.spotify_tokens).read().listeners["me"].uses_secret


def test_a_newcomer_is_led_to_an_app_and_its_id_is_kept(
    environment: dict[str, str], settings: Settings, service: Service
) -> None:
    del environment["SPOTIFY_CLIENT_ID"]
    with at_a_terminal(environment, "login") as terminal:
        terminal.read_until("Client ID: ")
        assert "https://developer.spotify.com/dashboard" in terminal.shown
        assert environment["SPOTIFY_REDIRECT_URI"] in terminal.shown
        assert "Premium" in terminal.shown
        terminal.type(service.client_id)
        terminal.read_until("secret.*: ")
        terminal.type(service.client_secret)
        assert terminal.end() == 0, terminal.shown
        assert service.client_secret not in terminal.shown

    assert TokenFile(settings.spotify_tokens).read().app == App(
        service.client_id, service.client_secret
    )
    assert spotify_elt(environment, "login", "--listener", "anna").returncode == 0


def test_a_mistyped_app_is_not_kept(environment: dict[str, str], settings: Settings) -> None:
    del environment["SPOTIFY_CLIENT_ID"]
    with at_a_terminal(environment, "login", "--no-browser") as terminal:
        terminal.read_until("Client ID: ")
        terminal.type("mistyped")
        terminal.read_until("secret.*: ")
        terminal.type("")
        terminal.read_until("Paste that address: ")

    assert TokenFile(settings.spotify_tokens).read().app is None


def test_an_address_is_pasted_where_there_is_no_browser_and_wrong_ones_are_asked_for_again(
    environment: dict[str, str], settings: Settings
) -> None:
    with at_a_terminal(environment, "login", "--no-browser") as terminal:
        page = terminal.read_until(r"(http\S+/authorize\S+)\s")[1]
        answer = where_it_leads(page)
        other = re.sub("state=[^&]+", "state=another", answer)
        for wrong, words in [
            (page, "is not the address"),
            ("no address", "is not the address"),
            (other, "another sign-in"),
        ]:
            terminal.read_until("Paste that address: ")
            terminal.type(wrong)
            terminal.read_until(words)
        terminal.read_until("Paste that address: ")
        terminal.type(f"  {answer} ")
        assert terminal.end() == 0, terminal.shown
        assert "me is signed in as Example me" in terminal.shown

    assert signed_in_listeners(settings) == ["me"]


def test_a_code_that_is_too_old_is_one_line(
    environment: dict[str, str], service: Service, settings: Settings
) -> None:
    with at_a_terminal(environment, "login", "--no-browser") as terminal:
        answer = where_it_leads(terminal.read_until(r"(http\S+/authorize\S+)\s")[1])
        service.clock.advance(3600)
        terminal.read_until("Paste that address: ")
        terminal.type(answer)
        assert terminal.end() == 1
        assert "Authorization code expired" in terminal.shown
        assert "Traceback" not in terminal.shown

    assert signed_in_listeners(settings) == []


def test_a_listener_who_does_not_agree_is_not_signed_in(
    environment: dict[str, str], service: Service, settings: Settings
) -> None:
    service.browser.agrees = False

    result = spotify_elt(environment, "login")

    assert result.returncode == 1
    assert "you did not agree" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert signed_in_listeners(settings) == []


def test_an_answer_to_another_sign_in_is_refused(
    environment: dict[str, str], tmp_path: Path, settings: Settings
) -> None:
    forger = tmp_path / "forger.py"
    forger.write_text(BROWSER.replace("/elsewhere?code=x&state=y", "/callback?code=x&state=y"))

    result = spotify_elt(environment | {"BROWSER": f"{sys.executable} {forger} %s"}, "login")

    assert result.returncode == 1
    assert "another sign-in" in result.stderr
    assert signed_in_listeners(settings) == []


def test_a_secret_that_is_wrong_is_one_line(environment: dict[str, str]) -> None:
    result = spotify_elt(environment | {"SPOTIFY_CLIENT_SECRET": "not-it"}, "login")

    assert result.returncode == 1
    assert "its secret is another" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_port_in_use_says_what_to_do(environment: dict[str, str]) -> None:
    port = urlsplit(environment["SPOTIFY_REDIRECT_URI"]).port
    with socket.create_server(("127.0.0.1", port or 0)):
        result = spotify_elt(environment, "login")

    assert result.returncode == 1
    assert f"port {port}" in result.stderr
    assert "--no-browser" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("missing", "arguments"),
    [("SPOTIFY_CLIENT_ID", ["login"]), ("BROWSER", ["login"]), ("", ["login", "--no-browser"])],
)
def test_without_a_terminal_nothing_is_asked(
    environment: dict[str, str], missing: str, arguments: list[str]
) -> None:
    environment |= {"BROWSER": "false"} if missing == "BROWSER" else {}
    environment.pop("" if missing == "BROWSER" else missing, None)

    result = spotify_elt(environment, *arguments)

    assert result.returncode == 1
    assert "no terminal to ask on" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("variable", "verb"),
    [
        ("SPOTIFY_REFRESH_TOKEN", "login"),
        ("SPOTIFY_TOKENS_JSON", "login"),
        ("SPOTIFY_TOKENS_JSON", "logout"),
    ],
)
def test_a_sign_in_by_environment_is_neither_signed_in_over_nor_out(
    environment: dict[str, str], variable: str, verb: str
) -> None:
    result = spotify_elt(environment | {variable: "from-the-server"}, verb)

    assert result.returncode == 1
    assert variable in result.stderr
    assert "from-the-server" not in result.stdout + result.stderr


def test_signing_out_forgets_one_listener_alone(
    environment: dict[str, str], settings: Settings, sign_in: Callable[..., object]
) -> None:
    sign_in()
    with TokenFile(settings.spotify_tokens).changing() as tokens:
        tokens.listeners["anna"] = tokens.listeners["me"]

    assert "signed out" in spotify_elt(environment, "logout", "--listener", "anna").stdout
    assert "was not signed in" in spotify_elt(environment, "logout", "--listener", "anna").stdout
    assert signed_in_listeners(settings) == ["me"]


def test_an_account_that_the_app_may_not_ask_is_told_what_to_do(
    environment: dict[str, str], service: Service
) -> None:
    service.faults.next("forbidden", times=None)

    result = spotify_elt(environment, "login")

    assert result.returncode == 1
    assert "User Management" in result.stderr


def test_a_spotify_that_is_down_is_one_line(environment: dict[str, str], service: Service) -> None:
    service.faults.next("server_error", paths="/api/token", times=None)

    result = spotify_elt(environment, "login")

    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "Traceback" not in result.stderr


def test_the_redirect_server_speaks_ipv6_and_waits_for_the_answer() -> None:
    port = free_port()
    with answers_at(f"http://[::1]:{port}/callback") as answers:
        silent = socket.create_connection(("::1", port))  # as browsers do, to be quick later
        with pytest.raises(HTTPError):
            urlopen(f"http://[::1]:{port}/favicon.ico")
        assert answers.empty()
        connection = http.client.HTTPConnection("::1", port)
        connection.request("GET", "/callback?code=1&state=2")
        assert connection.getresponse().status == 200
        assert answers.get(timeout=5) == "/callback?code=1&state=2"
        silent.close()
