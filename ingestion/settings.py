"""Every variable that changes what spotify-elt does, in one place.

Read from the environment, then from `.env` in the folder of the project; the names are the
field names in capitals (`DUCKDB_PATH`). `.env.example` lists them for copying.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from tzlocal import get_localzone_name

from ingestion.errors import UserError

PROJECT_ROOT = Path(__file__).resolve().parent.parent

#: DuckDB calls the catalog after the file, so a file with one of these names would make
#: `marts.fct_plays` ambiguous.
SCHEMA_NAMES = frozenset({"spotify_export", "staging", "intermediate", "marts", "main", "temp"})


class Settings(BaseSettings):
    """The settings of one run. Build it with `load_settings`, which words its errors."""

    model_config = SettingsConfigDict(
        env_file=PROJECT_ROOT / ".env", env_ignore_empty=True, extra="ignore"
    )

    warehouse: Literal["duckdb"] = "duckdb"
    """Where the tables live: the dlt destination and the dbt target."""

    duckdb_path: Path = PROJECT_ROOT / "data" / "spotify.duckdb"
    """The DuckDB file. A relative path counts from the working directory."""

    export: Annotated[list[Path], NoDecode] = [PROJECT_ROOT / "data" / "exports"]
    """Zips, folders or single files, separated by `:` as in PATH."""

    listener: str = Field(default="me", pattern=r"^[\w.@-]{1,64}$")
    """Whose history it is: the name under which the rows are kept."""

    listener_timezone: str | None = None
    """The listener's IANA zone, such as Europe/Oslo. Default: the zone of this machine."""

    keep_private_fields: Annotated[list[str], NoDecode] = []
    """Private fields to keep all the same, by Spotify's name, separated by commas."""

    @field_validator("export", mode="before")
    @classmethod
    def _split_paths(cls, value: object) -> object:
        if isinstance(value, str):
            return [Path(part).expanduser() for part in value.split(":") if part.strip()]
        return value

    @field_validator("keep_private_fields", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("duckdb_path")
    @classmethod
    def _catalog_is_no_schema(cls, value: Path) -> Path:
        if value.stem.lower() in SCHEMA_NAMES:
            raise ValueError(
                f"a DuckDB file cannot be called {value.name}: it is also the name of a schema"
            )
        return value.expanduser()

    @field_validator("listener_timezone")
    @classmethod
    def _zone_exists(cls, value: str | None) -> str | None:
        if value is not None and value not in available_timezones():
            raise ValueError(f"{value!r} is not an IANA time zone such as Europe/Oslo")
        return value

    @property
    def time_zone(self) -> str:
        """The IANA zone in force: the configured one, else this machine's."""
        return self.listener_timezone or get_localzone_name() or "UTC"


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment and `.env`; `overrides` that are None are left out.

    Raises:
        UserError: a variable has a value that cannot be used; names the variable.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]).upper()
        message = first["msg"].removeprefix("Value error, ")
        raise UserError(f"{name}: {message}") from error
