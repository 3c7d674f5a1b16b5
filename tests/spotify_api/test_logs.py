"""The log: where it goes, what it looks like, and that nobody's secret is in it."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from urllib3 import PoolManager, Retry
from urllib3.exceptions import MaxRetryError

from ingestion.logs import configure_logs, without_secrets
from ingestion.settings import PROJECT_ROOT, LogSettings, Settings
from ingestion.spotify_api.client import open_client
from ingestion.spotify_api.sign_in import Authorisation
from ingestion.spotify_api.tokens import App, SignIn, TokenFile, sign_in_of
from simulator.web_api import Service
from tests.programs import free_port
from tests.spotify_api.conftest import SharedClock, profile, spotify_elt, where_it_leads


@pytest.fixture
def log_settings(tmp_path: Path) -> LogSettings:
    return LogSettings(_env_file=None, log_level="DEBUG", log_file=tmp_path / "logs" / "log.txt")


@pytest.fixture
def everything() -> Iterator[io.StringIO]:
    """What a handler of somebody else's gets when every logger there is tells everything."""
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    root = logging.getLogger()
    levels = {logger: logger.level for logger in [root, *all_loggers()]}
    root.addHandler(handler)
    for logger in levels:
        logger.setLevel(logging.DEBUG)
    yield told
    root.removeHandler(handler)
    for logger, level in levels.items():
        logger.setLevel(level)


@pytest.fixture(autouse=True)
def _root_as_before() -> Iterator[None]:
    root, retrying = logging.getLogger(), logging.getLogger("urllib3.connectionpool")
    handlers, levels = list(root.handlers), (root.level, retrying.level)
    yield
    root.handlers, (root.level, retrying.level) = handlers, levels


def all_loggers() -> list[logging.Logger]:
    known = logging.getLogger().manager.loggerDict
    return [logger for logger in known.values() if isinstance(logger, logging.Logger)]


def secrets_of(sign_in: SignIn | None) -> set[str]:
    assert sign_in
    assert sign_in.access_token
    return {sign_in.refresh_token, sign_in.access_token}


@pytest.mark.parametrize("uses_secret", [False, True])
def test_no_logger_at_any_level_tells_a_secret(
    make_settings: Callable[..., Settings],
    service: Service,
    clock: SharedClock,
    log_settings: LogSettings,
    everything: io.StringIO,
    capfd: pytest.CaptureFixture[str],
    uses_secret: bool,
) -> None:
    configure_logs(log_settings)
    settings = make_settings()
    app = App(service.client_id, service.client_secret if uses_secret else None)
    secrets = {service.client_secret}

    authorisation = Authorisation(settings, app)
    answer = where_it_leads(authorisation.address)
    secrets.add(answer.split("code=")[1].split("&")[0])
    if not uses_secret:
        secrets.add(authorisation._manager.code_verifier)
    signed_in = authorisation.complete(answer, clock.now())
    with TokenFile(settings.spotify_tokens).changing() as tokens:
        tokens.app, tokens.listeners["me"] = app, signed_in
    secrets |= secrets_of(signed_in)

    client = open_client(settings, "me", budget=50, clock=clock)
    client.call("profile", profile)
    for kind in ("expired_token", "server_error", "malformed", "cut", "rate_limited"):
        service.faults.next(kind)
        client.call("profile", profile)
        secrets |= secrets_of(sign_in_of(settings, "me"))
    service.revoke()
    with pytest.raises(Exception, match="sign in") as told:
        client.call("profile", profile)

    logged = everything.getvalue()
    assert "asking for profile" in logged, "our own log says nothing"
    assert "urllib3" in (log_settings.log_file or Path()).read_text()
    shown = "".join([logged, (log_settings.log_file or Path()).read_text(), *capfd.readouterr()])
    assert len(secrets) >= 4
    assert not [secret for secret in secrets if secret in shown + repr(told.value)]


def test_the_commands_tell_no_secret_either(
    environment: dict[str, str],
    service: Service,
    settings: Settings,
    tmp_path: Path,
) -> None:
    options = ["--debug", "--log-level", "debug", "--log-file", str(tmp_path / "log.txt")]
    environment |= {"SPOTIFY_CLIENT_SECRET": service.client_secret}

    results = [
        spotify_elt(environment, *options, "login"),
        spotify_elt(environment, *options, "doctor"),
    ]
    secrets = {service.client_secret} | secrets_of(sign_in_of(settings, "me"))
    service.revoke()
    service.expire_access_tokens()
    other_secret = {"SPOTIFY_CLIENT_SECRET": service.client_id}
    results += [
        spotify_elt(environment, *options, "doctor"),
        spotify_elt(environment | other_secret, *options, "login"),
    ]

    shown = "".join([result.stdout + result.stderr for result in results])
    assert "Traceback" in shown
    assert "asking for profile" in shown
    assert "asking for profile" in (tmp_path / "log.txt").read_text()
    shown += (tmp_path / "log.txt").read_text()
    assert not [secret for secret in secrets | {"another-secret"} if secret in shown]


@pytest.mark.parametrize(("level", "is_told"), [("WARNING", False), ("INFO", True)])
def test_a_retry_is_told_to_who_wants_to_know_more(
    level: str, log_settings: LogSettings, capsys: pytest.CaptureFixture[str], *, is_told: bool
) -> None:
    configure_logs(log_settings.model_copy(update={"log_level": level, "log_file": None}))
    with pytest.raises(MaxRetryError), PoolManager(retries=Retry(1)) as pool:
        pool.request("GET", f"http://127.0.0.1:{free_port()}/")
    assert ("Retrying (Retry(total=0" in capsys.readouterr().err) is is_told


@pytest.mark.parametrize(
    "line",
    [
        "{'Authorization': 'Bearer SECRET-SECRET-SECRET'}",
        "Authorization: Basic SECRETSECRETSECRET==",
        'POST /api/token {"refresh_token": "SECRET-SECRET", "grant_type": "refresh_token"}',
        "{'access_token': 'SECRET-SECRET', 'expires_in': 3600}",
        '"GET /callback?code=SECRET%2DSECRET&state=abc HTTP/1.1" 200',
        "client_secret=SECRETSECRET",
        "code_verifier: SECRET~SECRET",
    ],
)
def test_what_looks_like_a_secret_is_blotted_out(line: str) -> None:
    assert "SECRET" not in without_secrets(line)


def test_plain_words_are_left_alone() -> None:
    for line in ("status code: 404", "basic needs", "no access token yet", "postcode=1234"):
        assert without_secrets(line) == line


def test_the_log_as_json_is_one_object_a_line(
    log_settings: LogSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(log_settings.model_copy(update={"log_format": "json"}))
    try:
        raise ValueError("Bearer SECRET-SECRET-SECRET")
    except ValueError:
        logging.getLogger("ingestion.test").exception("two\nlines, 100 %s", "%")

    [line] = capsys.readouterr().err.splitlines()
    told: dict[str, Any] = json.loads(line)
    assert told["message"] == "two\nlines, 100 %"
    assert told["level"] == "ERROR"
    assert datetime.fromisoformat(told["at"]).utcoffset() is not None
    assert "ValueError" in told["traceback"]
    assert "SECRET" not in line
    assert (log_settings.log_file or Path()).read_text() == line + "\n"


def test_a_later_configuration_replaces_the_former(
    log_settings: LogSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(log_settings)
    configure_logs(log_settings.model_copy(update={"log_level": "WARNING", "log_file": None}))
    logging.getLogger("ingestion.test").warning("once")
    logging.getLogger("ingestion.test").info("never")

    assert len(capsys.readouterr().err.splitlines()) == 1
    assert (log_settings.log_file or Path()).read_text() == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--log-level", "loud"], "LOG_LEVEL"),
        (["--log-file", "/dev/null/log.txt"], "LOG_FILE"),
    ],
)
def test_a_log_that_cannot_be_is_one_line(
    environment: dict[str, str],
    arguments: list[str],
    words: str,
) -> None:
    result = spotify_elt(environment, *arguments, "doctor")

    assert result.returncode == 1
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_dlt_logs_as_it_does_without_us(tmp_path: Path) -> None:
    script = f"""
import os, sys
os.environ["DLT_PROJECT_DIR"] = "profiles"
from ingestion.logs import configure_logs
from ingestion.settings import LogSettings
if "configured" in sys.argv:
    configure_logs(LogSettings(_env_file=None, log_level="INFO"))
import dlt
from dlt.common import logger
dlt.pipeline("quiet", pipelines_dir={str(tmp_path)!r})
logger.info("not said")
logger.warning("said once")
"""

    def logged(*arguments: str) -> list[str]:
        result = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stderr
        return [line.split("|")[-1] for line in result.stderr.splitlines()]

    assert logged() == logged("configured") == ["said once"]


def test_starting_and_reading_import_nothing_of_spotipy() -> None:
    script = (
        "import sys; import ingestion.cli, ingestion.spotify_api.tokens;"
        "print([name for name in ('spotipy', 'requests', 'dlt', 'dbt', 'duckdb')"
        " if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT_ROOT, capture_output=True, text=True
    )
    assert result.stdout.strip() == "[]"
