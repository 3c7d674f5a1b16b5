"""The one configuration of logging: levels, a file on request, JSON on request, no secret ever.

dlt and dbt keep loggers of their own, which do not reach the root and are left as they are.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Final

from ingestion.errors import UserError
from ingestion.settings import LogSettings

#: At DEBUG they tell bearer tokens, the client secret and whole token answers; what they tell
#: beyond that, our own client tells as well.
_INDISCREET: Final = (
    "spotipy",
    "spotipy.cache_handler",
    "spotipy.client",
    "spotipy.oauth2",
    "spotipy.util",
)

#: Whatever else may name a secret: headers, query strings, JSON, and Python's dicts.
_SECRET: Final = re.compile(
    r"""(?ix)
      ( \b (?: bearer | basic ) \s+ ) [\w.~+/=-]{16,}
    | ( \b (?: access_token | refresh_token | client_secret | code_verifier | code )
        ["']? \s* [=:] \s* ["']? ) [\w.~+/=%-]{8,}
    """
)


#: It warns of each retry, of calls too that Google's library makes by itself and can do without.
#: Whoever runs out of retries says so; from INFO on, each is told.
_RETRYING: Final = "urllib3.connectionpool"


def silence_spotipy() -> None:
    """Drop what spotipy logs, whatever level or handler anyone sets. Before spotipy is used."""
    for name in _INDISCREET:
        logger = logging.getLogger(name)
        if _drop not in logger.filters:
            logger.addFilter(_drop)


def configure_logs(settings: LogSettings) -> None:
    """Send the log to stderr and, if there is one, the file; a later call replaces it.

    Raises:
        UserError: the file cannot be written.
    """
    silence_spotipy()
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if settings.log_file:
        try:
            settings.log_file.expanduser().parent.mkdir(parents=True, exist_ok=True)
            handlers.append(
                logging.FileHandler(settings.log_file.expanduser(), encoding="utf-8", delay=False)
            )
        except OSError as error:
            raise UserError(f"LOG_FILE: {error}") from error
    formatter = _Json() if settings.log_format == "json" else _Text()
    root = logging.getLogger()
    root.setLevel(settings.log_level)
    is_quiet = root.level >= logging.WARNING
    logging.getLogger(_RETRYING).setLevel(logging.ERROR if is_quiet else logging.NOTSET)
    for handler in [handler for handler in root.handlers if _is_ours(handler)]:
        root.removeHandler(handler)
        handler.close()
    for handler in handlers:
        handler.setFormatter(formatter)
        root.addHandler(handler)


def without_secrets(text: str) -> str:
    """The text, with three dots for whatever looks like a secret."""
    return _SECRET.sub(r"\1\2…", text)


def _is_ours(handler: logging.Handler) -> bool:
    return isinstance(handler.formatter, (_Text, _Json))


def _drop(_record: logging.LogRecord) -> bool:
    return False


class _Text(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802 - logging's own
        """The moment in UTC, to the second."""
        return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def format(self, record: logging.LogRecord) -> str:
        """The line, without secrets."""
        return without_secrets(super().format(record))


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """One JSON object, without secrets."""
        told = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
        }
        if record.exc_info:
            told["traceback"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(told, ensure_ascii=False)
