"""Every variable that changes what spotify-elt does, in one place.

Read from the environment, then from `.env` in the folder of the project; the names are the
field names in capitals (`DUCKDB_PATH`). `.env.example` lists them for copying.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit
from zoneinfo import available_timezones

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from tzlocal import get_localzone_name

from ingestion.errors import UserError

PROJECT_ROOT = Path(__file__).resolve().parent.parent

#: DuckDB calls the catalog after the file, so a file with one of these names would make
#: `marts.fct_plays` ambiguous.
SCHEMA_NAMES = frozenset(
    {
        "spotify_export",
        "spotify_api",
        "operations",
        "staging",
        "intermediate",
        "marts",
        "findings",
        "main",
        "temp",
    }
)


#: What Google takes for a label's key or value, of what people write in English.
_PREFIX: Final = r"^([a-z][a-z0-9_]{0,30})?$"
_LABEL: Final = re.compile("[a-z][a-z0-9_-]{0,62}")


@dataclass(frozen=True)
class Limits:
    """How much of each list is asked for; None is all that Spotify has."""

    playlists: int | None
    playlist_tracks: int | None
    plays: int | None
    top: int | None


#: `frugal` is what the system before this one asked for.
_PRESETS: Final = {
    "generous": Limits(playlists=None, playlist_tracks=None, plays=None, top=None),
    "frugal": Limits(playlists=20, playlist_tracks=100, plays=50, top=20),
}


class _Environment(BaseSettings):
    model_config = SettingsConfigDict(
        env_file=PROJECT_ROOT / ".env",
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,  # what was given may be a secret
    )


class LogSettings(_Environment):
    """What is told beside the results, and where; see `logs.py`."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "WARNING"
    """The least that is told. No level tells tokens."""

    log_file: Path | None = None
    """A file that is told the same as the terminal (stderr); it grows."""

    log_format: Literal["text", "json"] = "text"
    """One line of text, or one JSON object per line, for machines."""

    @field_validator("log_level", mode="before")
    @classmethod
    def _in_capitals(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value


class ApiSettings(_Environment):
    """Spotify's Web API: the app, the sign-in, how much is asked and how fast."""

    spotify_client_id: str | None = None
    """The app's id. Default: the one that `spotify-elt login` kept."""

    spotify_client_secret: SecretStr | None = None
    """The app's secret. Without it the sign-in uses PKCE, which needs none."""

    spotify_redirect_uri: str = "http://127.0.0.1:8888/callback"
    """Where Spotify sends the browser after the sign-in; the app must list the same."""

    spotify_refresh_token: SecretStr | None = None
    """For servers: the sign-in of LISTENER, instead of the token file; never written anywhere."""

    spotify_tokens_json: SecretStr | None = None
    """For runners that keep no disk: the content of the token file; never written anywhere.
    Of sign-ins made with SPOTIFY_CLIENT_SECRET alone: others change whenever they are used."""

    spotify_tokens: Path = Field(default_factory=lambda: _configuration_folder() / "tokens.json")
    """The token file. Default: in the user's configuration folder."""

    spotify_api_url: str = "https://api.spotify.com/v1"
    spotify_accounts_url: str = "https://accounts.spotify.com"

    requests_per_minute: float = Field(default=60, ge=0)
    """The pace of a long run, after ten calls at once; 0 is no pacing. Spotify names no limit."""

    request_timeout_seconds: float = Field(default=20, gt=0)
    """How long one answer may take."""

    max_calls: int = Field(default=500, ge=0)
    """Calls that one run may make for one listener. Some 600 in a minute cost others a day."""

    max_calls_per_day: int = Field(default=5_000, ge=0)
    """Calls that all runs of 24 hours may make for one listener."""

    collect_limits: Literal["generous", "frugal"] = "generous"
    """Everything; or 20 playlists, 100 tracks of each, 50 plays, top 20."""

    playlist_limit: int | None = Field(default=None, ge=0)
    playlist_track_limit: int | None = Field(default=None, ge=0)
    plays_limit: int | None = Field(default=None, ge=1)
    top_limit: int | None = Field(default=None, ge=0)
    """Each overrides the preset's own."""

    ask_lists_every_hours: float = Field(default=24, ge=0)
    """Top lists, saved music and playlists are looked at no oftener than that."""

    refresh_catalogue_after_days: float = Field(default=180, gt=0)
    """A track, album or artist is asked for again when its last answer is older."""

    @property
    def limits(self) -> Limits:
        """The preset, with what was set by itself put over it."""
        preset = _PRESETS[self.collect_limits]
        return Limits(
            playlists=_first(self.playlist_limit, preset.playlists),
            playlist_tracks=_first(self.playlist_track_limit, preset.playlist_tracks),
            plays=_first(self.plays_limit, preset.plays),
            top=_first(self.top_limit, preset.top),
        )

    @field_validator("spotify_api_url", "spotify_accounts_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        return _web_address(value, "https://api.spotify.com/v1")

    @field_validator("spotify_redirect_uri")
    @classmethod
    def _spotify_would_take_it(cls, value: str) -> str:
        address = urlsplit(value)
        if address.scheme != "https" and address.hostname not in {"127.0.0.1", "::1"}:
            raise ValueError(
                "Spotify takes https://… or http://127.0.0.1:PORT/…, and no `localhost`"
            )
        return value

    @field_validator("spotify_tokens")
    @classmethod
    def _outside_the_project(cls, value: Path) -> Path:
        path = value.expanduser().absolute()
        if path.is_relative_to(PROJECT_ROOT):
            raise ValueError("tokens are kept outside the project's folder, lest they be committed")
        return path


class Settings(ApiSettings):
    """The settings of one run. Build it with `load_settings`, which words its errors."""

    warehouse: Literal["duckdb", "postgres", "bigquery", "snowflake", "lake"] = "duckdb"
    """Where the tables live: the dlt destination and the dbt target."""

    schema_prefix: str = Field(default="", pattern=_PREFIX)
    """Put before the name of every schema, so that several people can share a database."""

    postgres_url: SecretStr | None = None
    """The address as providers give it: postgresql://user:password@host:5432/database."""

    publish_url: SecretStr | None = None
    """Where `publish postgres` writes. Default: POSTGRES_URL."""

    publish_prefix: str | None = Field(default=None, pattern=_PREFIX)
    """Put before the schema that `publish postgres` writes. Default: SCHEMA_PREFIX."""

    publish_indexes: bool = False
    """Whether that copy gets the indexes of a Postgres warehouse, which makes it take longer."""

    bigquery_project: str | None = None
    """The id of the Google Cloud project that holds the datasets and is billed."""

    bigquery_location: str = "EU"
    """Where the datasets lie: EU, US, or a region. One that exists cannot be moved."""

    google_application_credentials: Path | None = None
    """A key file of a service account. Default: how this machine or person is signed in."""

    bigquery_impersonate_service_account: str | None = None
    """The address of a service account to act as, which leaves no key lying about."""

    bigquery_maximum_bytes_billed: int | None = Field(default=None, ge=10_485_760)
    """What one query may read; BigQuery refuses the rest. At least 10 MiB, its smallest charge."""

    bigquery_require_partition_filter: bool = False
    """Whether BigQuery refuses who asks a mart that has partitions and names no days."""

    bigquery_priority: Literal["interactive", "batch"] = "interactive"
    """`batch` lets the models wait for idle capacity."""

    bigquery_labels: Annotated[dict[str, str], NoDecode] = {}
    """Labels of every job, for the bill: team=music,stage=production."""

    bigquery_api_endpoint: str | None = None
    """The address of the API: a private endpoint, or an emulator. Default: Google's public one."""

    snowflake_account: str | None = None
    """The account's identifier, as Snowflake shows it: myorg-myaccount."""

    snowflake_user: str | None = None
    """Who signs in; best a user of its own, of the type `service`."""

    snowflake_role: str | None = None
    """The role to take. Default: the user's."""

    snowflake_warehouse: str | None = None
    """What computes; in Snowflake's words a warehouse."""

    snowflake_database: str | None = None
    """Where the schemas are made. It has to be there."""

    snowflake_private_key_file: Path | None = None
    """The private key (PEM) whose public half the user was given."""

    snowflake_private_key_passphrase: SecretStr | None = None
    """What opens it, where it is encrypted."""

    snowflake_password: SecretStr | None = None
    """Instead of a key, where the account lets programs sign in by password."""

    snowflake_url: str | None = None
    """The address of the service: a proxy, an emulator. Default: what follows from the account."""

    lake_path: str = str(PROJECT_ROOT / "data" / "lake")
    """Where the lake's Parquet files lie: a folder, s3://bucket/prefix, gs://bucket/prefix or
    az://container/prefix."""

    lake_catalog: SecretStr | None = None
    """The lake's catalogue: a file, or the address of a Postgres. Default: a file in the folder;
    a lake in a bucket has none, for whoever loses the catalogue has lost the lake."""

    aws_access_key_id: str | None = None
    """Sign-in to s3://…, by the names that all of Amazon's programs read. Default: what these find
    elsewhere, a credentials file or the role of the machine."""

    aws_secret_access_key: SecretStr | None = None
    aws_session_token: SecretStr | None = None
    aws_region: str = Field(
        default="us-east-1", validation_alias=AliasChoices("aws_region", "aws_default_region")
    )
    """Where the bucket lies."""

    aws_endpoint_url: str | None = None
    """The address of an S3 of another maker: https://minio.example.com. Default: Amazon's."""

    gcs_hmac_access_id: str | None = None
    """Sign-in to gs://…: an HMAC key of a service account, which Google makes with an access id and
    a secret."""

    gcs_hmac_secret: SecretStr | None = None

    gcs_endpoint_url: str | None = None
    """The address of Cloud Storage: a private endpoint, an emulator. Default: the public one."""

    azure_storage_connection_string: SecretStr | None = None
    """Sign-in to az://…, by the names that Azure's own programs read: the string that Azure shows
    beside a key of the storage account, or with a shared access signature."""

    azure_storage_account: str | None = Field(default=None, pattern=r"^[a-z0-9]{3,24}$")
    """The storage account, where the sign-in is what Azure's programs find elsewhere: a service
    principal's variables, `az login`, the identity of the machine."""

    raw_retention_days: int | None = Field(default=None, ge=1)
    """After how many days what no mart is made of goes from the raw tables. Default: never."""

    storage_limit_gib: float | None = Field(default=None, gt=0)
    """GiB that the warehouse may hold; above, `costs` fails. Default: what is for nothing there."""

    queries_limit_gib: float | None = Field(default=None, gt=0)
    """GiB that a month's queries may be billed for. Default: what is for nothing there."""

    duckdb_path: Path = PROJECT_ROOT / "data" / "spotify.duckdb"
    """The DuckDB file. A relative path counts from the working directory."""

    duckdb_memory_limit: str | None = Field(default=None, pattern=r"^\d+(\.\d+)? ?[KMGT]i?B$")
    """What DuckDB may take while models are built, there or in a lake, before it writes to disk
    what does not fit: `12GB`. Default: 6GB, or what DuckDB takes by itself where that is less."""

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

    @field_validator("bigquery_labels", mode="before")
    @classmethod
    def _split_labels(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        labels = dict(part.strip().partition("=")[::2] for part in value.split(",") if part.strip())
        if not all(_LABEL.fullmatch(word) for word in [*labels, *labels.values()]):
            raise ValueError("is not team=music,stage=production: lower case, digits, `_` and `-`")
        return labels

    @field_validator("google_application_credentials", "snowflake_private_key_file")
    @classmethod
    def _expand(cls, value: Path | None) -> Path | None:
        return value and value.expanduser()

    @field_validator("duckdb_path")
    @classmethod
    def _catalog_is_no_schema(cls, value: Path) -> Path:
        if value.stem.lower() in SCHEMA_NAMES:
            raise ValueError(
                f"a DuckDB file cannot be called {value.name}: it is also the name of a schema"
            )
        return value.expanduser()

    @field_validator("lake_path")
    @classmethod
    def _is_folder_or_bucket(cls, value: str) -> str:
        address = urlsplit(value)
        if "://" not in value:
            return str(Path(value).expanduser())
        if address.scheme not in {"s3", "gs", "az"} or not address.netloc:
            raise ValueError(
                "is a folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix"
            )
        return value.rstrip("/")

    @field_validator("lake_catalog")
    @classmethod
    def _is_file_or_postgres(cls, value: SecretStr | None) -> SecretStr | None:
        given = value.get_secret_value() if value else ""
        if not given:
            return None
        return SecretStr(_postgres_url(given) if "://" in given else str(Path(given).expanduser()))

    @field_validator("snowflake_url")
    @classmethod
    def _is_a_service(cls, value: str | None) -> str | None:
        return value and _web_address(value, "https://myaccount.snowflakecomputing.com")

    @field_validator("aws_endpoint_url", "gcs_endpoint_url")
    @classmethod
    def _is_an_endpoint(cls, value: str | None) -> str | None:
        return value and _web_address(value, "https://storage.example.com")

    @field_validator("postgres_url", "publish_url")
    @classmethod
    def _is_postgres(cls, value: SecretStr | None) -> SecretStr | None:
        return value and SecretStr(_postgres_url(value.get_secret_value()))

    @field_validator("listener_timezone")
    @classmethod
    def _zone_exists(cls, value: str | None) -> str | None:
        if value is not None and value not in available_timezones():
            raise ValueError(f"{value!r} is not an IANA time zone such as Europe/Oslo")
        return value

    @property
    def is_on_a_server(self) -> bool:
        """Whether the warehouse is a place that several people share, and no file."""
        return self.warehouse != "duckdb"

    @property
    def is_lake_in_a_bucket(self) -> bool:
        """Whether the lake's files lie in object storage, and not in a folder."""
        return "://" in self.lake_path

    @property
    def is_lake_on_google(self) -> bool:
        """Whether that is Google's."""
        return self.lake_path.startswith("gs://")

    @property
    def is_lake_on_azure(self) -> bool:
        """Whether that is Azure's, where a bucket is called a container."""
        return self.lake_path.startswith("az://")

    @property
    def lake_catalog_address(self) -> str | None:
        """The Postgres that holds the lake's catalogue, with its password; None if a file does."""
        given = self.lake_catalog.get_secret_value() if self.lake_catalog else ""
        return given if "://" in given else None

    @property
    def warehouse_file(self) -> Path | None:
        """The file that is another when the warehouse is; None where that is no file."""
        if self.warehouse == "duckdb":
            return self.duckdb_path.absolute()
        if self.warehouse != "lake" or self.lake_catalog_address:
            return None
        if self.lake_catalog:
            return Path(self.lake_catalog.get_secret_value()).absolute()
        if self.is_lake_in_a_bucket:
            return None
        return Path(self.lake_path).absolute() / "catalog.ducklake"

    @property
    def working_folder(self) -> Path:
        """Of dlt, for this warehouse alone."""
        name = self.duckdb_path.stem
        if self.is_on_a_server:
            url = self.postgres_url.get_secret_value() if self.postgres_url else ""
            place = {
                "postgres": url,
                "bigquery": self.bigquery_project,
                "snowflake": f"{self.snowflake_account} {self.snowflake_database}",
                "lake": self.lake_catalog_address or self.warehouse_file,
            }[self.warehouse]
            name = hashlib.sha256(f"{place} {self.schema_prefix}".encode()).hexdigest()[:12]
            name = f"{self.warehouse}_{name}"
        return self.duckdb_path.absolute().parent / ".dlt" / name

    def beside_working_folder(self, what: str) -> Path:
        """Where something lies that is on its way to this warehouse, or known of it."""
        return self.working_folder.with_name(f"{self.working_folder.name}.{what}")

    @property
    def time_zone(self) -> str:
        """The IANA zone in force: the configured one, else this machine's."""
        return self.listener_timezone or get_localzone_name() or "UTC"


_Kind = TypeVar("_Kind", bound=_Environment)


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment and `.env`; `overrides` that are None are left out.

    Raises:
        UserError: a variable has a value that cannot be used; names the variable.
    """
    return _load(Settings, overrides)


def load_log_settings(**overrides: object) -> LogSettings:
    """The same for the log, which is set up before anything else can go wrong."""
    return _load(LogSettings, overrides)


def _load(kind: type[_Kind], overrides: dict[str, object]) -> _Kind:
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return kind(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]).upper()
        message = first["msg"].removeprefix("Value error, ")
        raise UserError(f"{name}: {message}") from error


#: What hosted providers add to the address for other programs; libpq refuses what it does not know.
_NOT_LIBPQS: Final = frozenset({"pgbouncer", "connection_limit", "pool_timeout", "schema", "supa"})


#: How to write what an address takes for its own punctuation.
_ENCODED: Final = (
    "in a user or password write % as %25, @ as %40, # as %23, / as %2F, ? as %3F, [ as %5B"
)
_STRAY_PERCENT: Final = r"%(?![0-9a-fA-F]{2})"


def _postgres_url(given: str) -> str:
    """An address as libpq takes it, encrypted on its way through a network unless it says how.

    Raises:
        ValueError: it is none; the message does not hold it, since it holds a password.
    """
    form = "postgresql://user:password@host:5432/database"
    try:
        address = urlsplit(given)
    except ValueError:  # a bracket
        raise ValueError(f"is not an address such as {form}; {_ENCODED}") from None
    if address.scheme not in {"postgres", "postgresql"} or not address.hostname:
        raise ValueError(f"is not an address such as {form}; {_ENCODED}")
    if not address.username or not address.path.strip("/"):
        raise ValueError(f"names no user or no database, as {form} does; {_ENCODED}")
    if address.netloc.count("@") > 1 or address.fragment or re.search(_STRAY_PERCENT, given):
        raise ValueError(f"holds a sign that means something else there; {_ENCODED}")
    options = [(key, value) for key, value in parse_qsl(address.query) if key not in _NOT_LIBPQS]
    is_near = address.hostname in {"localhost", "127.0.0.1", "::1"} or "." not in address.hostname
    if not is_near and "sslmode" not in dict(options):
        options.append(("sslmode", "require"))
    return urlunsplit(
        ("postgresql", address.netloc, address.path, urlencode(options, quote_via=quote), "")
    )


def _web_address(value: str, example: str) -> str:
    if urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).netloc:
        raise ValueError(f"is not an address such as {example}")
    return value.rstrip("/")


def _configuration_folder() -> Path:
    from typer import get_app_dir  # here, because processes that only read files need no typer

    return Path(get_app_dir("spotify-elt"))


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)
