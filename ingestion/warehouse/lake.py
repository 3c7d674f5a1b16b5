"""The lake: Parquet files in a folder or in object storage, and a catalogue of them, by DuckLake.

DuckDB computes and DuckLake keeps: a table is Parquet files below LAKE_PATH, and the catalogue
says which ones it is made of now. The catalogue is a DuckDB file, which lets one process write at a
time, or a Postgres, where an advisory lock does.

DuckDB's extensions come as packages and are loaded from where these are; none is ever downloaded.
"""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import duckdb

from ingestion.checks import Check
from ingestion.errors import UserError, WarehouseError
from ingestion.settings import Settings
from ingestion.warehouse.duckdb import (
    close_dbt,
    examine_file,
    in_one_line,
    make_file,
    patiently,
    seen_from_here,
    warehouse_of,
)
from ingestion.warehouse.protocol import Allowance, Engine, Stored, Warehouse

if TYPE_CHECKING:
    from dlt.common.destination import Destination
    from psycopg2.extensions import connection as Connection  # noqa: N812 - it is a class
    from pydantic import SecretStr

#: What the lake's database is called in a connection.
DATABASE: Final = "lake"

#: The schema of a Postgres that holds the catalogue.
_CATALOG_SCHEMA: Final = "ducklake"

_NOT_INSTALLED: Final = (
    "the lake needs packages that are not installed: make setup WAREHOUSE=lake"
    " (or pip install 'spotify-elt[lake]')"
)

_CONNECT_SECONDS: Final = 15

_FILES_OF_A_TABLE: Final = f"""
    select coalesce(sum(data_file_size_bytes + coalesce(delete_file_size_bytes, 0)), 0)
    from ducklake_list_files('{DATABASE}', ?, schema => ?)
"""

#: DuckLake keeps all that ever was, until told otherwise.
_KEPT: Final = "interval 1 day"

#: Whether there are snapshots to expire, and have been for half a day. The latest never expires.
_IS_TIME_TO_TIDY: Final = f"""
    select count(*) > 0 from {DATABASE}.snapshots()
    where
        snapshot_time < now() - {_KEPT} - interval 12 hours
        and snapshot_id < (select max(snapshot_id) from {DATABASE}.snapshots())
"""

#: Rows that lie in the catalogue become files, files with deleted rows are written anew, small
#: files become one.
_TIDY: Final = (
    f"call ducklake_expire_snapshots('{DATABASE}', older_than => now() - {_KEPT})",
    f"call ducklake_flush_inlined_data('{DATABASE}')",
    f"call ducklake_rewrite_data_files('{DATABASE}', delete_threshold => 0)",
    f"call ducklake_merge_adjacent_files('{DATABASE}')",
)

#: What no snapshot has needed for an hour is deleted. Files that the catalogue does not know stay:
#: were the catalogue the wrong one, they would be all there is.
_DELETE: Final = (
    f"call ducklake_cleanup_old_files('{DATABASE}', older_than => now() - interval 1 hour)"
)

_log = logging.getLogger(__name__)


def engine(settings: Settings) -> Engine:
    """The engine of the lake that the settings name.

    Raises:
        WarehouseError: its packages are not installed, or they do not say where its catalogue is.
    """
    if find_spec("duckdb_extension_ducklake") is None:
        raise WarehouseError(_NOT_INSTALLED)
    return _Lake(settings)


class _Lake:
    def __init__(self, settings: Settings) -> None:
        if settings.is_lake_in_a_bucket and settings.lake_catalog is None:
            raise WarehouseError(
                "LAKE_CATALOG is not set: a lake in a bucket needs one that is kept, in a Postgres"
                " (postgresql://user:password@host:5432/database) or in a file"
            )
        self._settings = settings
        self._file = settings.warehouse_file

    @property
    def place(self) -> str:
        path = self._settings.lake_path
        return path if self._settings.is_lake_in_a_bucket else seen_from_here(Path(path).absolute())

    @property
    def opened_by(self) -> str:
        return "DuckLake"

    @property
    def views_outlive_tables(self) -> bool:
        return True

    @property
    def bills_queries(self) -> bool:
        return False

    @property
    def allowance(self) -> Allowance:
        return Allowance()

    def exists(self) -> bool:
        with self._told_in_one_line():
            return _has_catalog(self._settings)

    @contextmanager
    def open(self, *, read_only: bool) -> Iterator[Warehouse]:
        settings = self._settings
        with (
            self._told_in_one_line(),
            _only_writer(settings, self.place, read_only=read_only),
            _connect(settings, read_only=read_only) as connection,
        ):
            try:
                yield warehouse_of(
                    connection,
                    settings.working_folder,
                    settings.schema_prefix,
                    _destination,
                    _storage,
                )
            finally:
                shutil.rmtree(settings.working_folder, ignore_errors=True)
            if not read_only:
                _tidy(connection)

    @contextmanager
    def _told_in_one_line(self) -> Iterator[None]:
        try:
            yield
        except UserError:
            raise
        except Exception as error:
            if "Failed to get token" in str(error):  # Azure looks for a sign-in when it is needed
                raise _no_sign_in(self._settings) from error
            raise in_one_line(error, self.place) from error

    def dbt_variables(self) -> dict[str, str]:
        """For the plugin of dbt-duckdb, which reads the settings again; see lake_dbt.py."""
        settings = self._settings
        given = {
            "DUCKDB_MEMORY_LIMIT": settings.duckdb_memory_limit,
            "LAKE_PATH": settings.lake_path,
            "LAKE_CATALOG": settings.lake_catalog_address or str(self._file),
            "AWS_ACCESS_KEY_ID": settings.aws_access_key_id,
            "AWS_SECRET_ACCESS_KEY": _revealed(settings.aws_secret_access_key),
            "AWS_SESSION_TOKEN": _revealed(settings.aws_session_token),
            "AWS_REGION": settings.aws_region,
            "AWS_ENDPOINT_URL": settings.aws_endpoint_url,
            "GCS_HMAC_ACCESS_ID": settings.gcs_hmac_access_id,
            "GCS_HMAC_SECRET": _revealed(settings.gcs_hmac_secret),
            "GCS_ENDPOINT_URL": settings.gcs_endpoint_url,
            "AZURE_STORAGE_CONNECTION_STRING": _revealed(settings.azure_storage_connection_string),
            "AZURE_STORAGE_ACCOUNT": settings.azure_storage_account,
        }
        return {name: value for name, value in given.items() if value}

    def close_dbt(self) -> None:
        from ingestion.warehouse.lake_dbt import detach  # here: dbt is slow to import

        detach()
        close_dbt()

    def examine(self) -> Iterator[Check]:
        settings = self._settings
        if settings.is_lake_in_a_bucket:
            with self._told_in_one_line(), _prepared(settings) as connection:
                _files(connection, f"{settings.lake_path}/none-is-called-so*")
            kind = "container" if settings.is_lake_on_azure else "bucket"
            yield Check(kind, "good", f"{settings.lake_path} answers")
        if self._file:
            variable = "LAKE_CATALOG" if settings.lake_catalog else "LAKE_PATH"
            yield from examine_file(self, self._file, variable)
        elif self.exists():
            with self.open(read_only=False):
                yield Check("warehouse", "good", f"the catalogue of {self.place} can be written")
        else:
            yield Check(
                "warehouse", "unknown", "its Postgres answers; the first run makes the catalogue"
            )


def attach(connection: duckdb.DuckDBPyConnection, settings: Settings, *, read_only: bool) -> None:
    """Attach the lake to a connection of DuckDB's that is prepared, as DATABASE.

    Raises:
        WarehouseError: there is no catalogue yet, but files of another one.
    """
    if not read_only and not _has_catalog(settings):
        _refuse_files_of_another(connection, settings)
    if not read_only and settings.warehouse_file:
        make_file(settings.warehouse_file)
    options = ["override_data_path true", *(["read_only"] if read_only else [])]
    statement = f"attach 'ducklake:{DATABASE}' as {DATABASE} ({', '.join(options)})"
    patiently(lambda: connection.execute(statement), read_only=read_only)


def prepare(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Load the extensions, and tell them where the lake is and how to sign in.

    By secrets, as DuckDB calls them, and by parameters: no message and no log shows what they hold.

    Raises:
        WarehouseError: an extension is not installed, or a variable is not set.
    """
    _load_extension(connection, "ducklake")
    if settings.is_lake_on_azure:
        _load_extension(connection, "azure")
        _sign_in_to_azure(connection, settings)
    elif settings.is_lake_on_google:
        _load_extension(connection, "httpfs")
        _sign_in_to_google(connection, settings)
    elif settings.is_lake_in_a_bucket:
        _load_extension(connection, "httpfs")
        _sign_in_to_s3(connection, settings)
    lake: dict[str, Any] = {
        "metadata_path": str(settings.warehouse_file),
        "data_path": f"{settings.lake_path}/",
    }
    if settings.lake_catalog_address:
        _load_extension(connection, "postgres_scanner")
        catalog = f"{DATABASE}_catalog"
        _make_secret(connection, catalog, "postgres", {"uri": settings.lake_catalog_address})
        lake |= {
            "metadata_path": "",
            "metadata_schema": _CATALOG_SCHEMA,
            "metadata_parameters": {"TYPE": "postgres", "SECRET": catalog},
        }
    _make_secret(connection, DATABASE, "ducklake", lake)


@contextmanager
def _connect(settings: Settings, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    with _prepared(settings) as connection:
        attach(connection, settings, read_only=read_only)
        connection.execute(f"use {DATABASE}")
        connection.execute("set TimeZone = 'UTC'")
        yield connection


@contextmanager
def _prepared(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    nothing_by_itself = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    with duckdb.connect(config=nothing_by_itself) as connection:
        prepare(connection, settings)
        yield connection


def _load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    package = find_spec(f"duckdb_extension_{name}")
    if package is None or package.origin is None:
        raise WarehouseError(_NOT_INSTALLED)
    folder = Path(package.origin).parent / "extensions" / f"v{duckdb.__version__}"
    connection.load_extension(str(folder / f"{name}.duckdb_extension"))


def _make_secret(
    connection: duckdb.DuckDBPyConnection, name: str, kind: str, given: dict[str, Any]
) -> None:
    parameters = ", ".join(f"{key} ?" for key in given)
    connection.execute(
        f"create or replace secret {name} (type {kind}, {parameters})", list(given.values())
    )


def _sign_in_to_s3(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """By the keys that the settings name, or else as Amazon's programs find theirs."""
    given = {"region": settings.aws_region, **_address(settings.aws_endpoint_url)}
    kind = "s3"
    if settings.aws_access_key_id and settings.aws_secret_access_key:
        given |= {
            "key_id": settings.aws_access_key_id,
            "secret": _revealed(settings.aws_secret_access_key),
        }
        if settings.aws_session_token:
            given["session_token"] = _revealed(settings.aws_session_token)
    else:
        _load_extension(connection, "aws")
        kind = "s3, provider credential_chain"
    try:
        _make_secret(connection, f"{DATABASE}_files", kind, given)
    except duckdb.Error as error:
        raise _no_sign_in(settings) from error


def _sign_in_to_google(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """By an HMAC key: DuckDB speaks to Google as to an S3, and knows no other sign-in there."""
    if not settings.gcs_hmac_access_id or not settings.gcs_hmac_secret:
        raise _no_sign_in(settings)
    given = {
        "key_id": settings.gcs_hmac_access_id,
        "secret": _revealed(settings.gcs_hmac_secret),
        **_address(settings.gcs_endpoint_url),
    }
    _make_secret(connection, f"{DATABASE}_files", "gcs", given)


def _address(url: str | None) -> dict[str, Any]:
    """In DuckDB's words where an S3 is that is not at its maker's usual address."""
    if not url:
        return {}
    address = urlsplit(url)
    return {
        "endpoint": address.netloc + address.path,
        "use_ssl": address.scheme == "https",
        "url_style": "path",  # an S3 of another maker may have no host name for each bucket
    }


def _sign_in_to_azure(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """By the connection string, or else as Azure's programs find their sign-in."""
    # not named, it seeks certificates where Debian has none; not global, cursors do not see it
    connection.execute("set global azure_transport_option_type = 'curl'")
    told = _revealed(settings.azure_storage_connection_string)
    if told:
        if not re.search(r"(^|;)(AccountName|BlobEndpoint)=", told):
            raise WarehouseError(
                "AZURE_STORAGE_CONNECTION_STRING names no account: AccountName=…;AccountKey=…"
            )
        kind, given = "azure", {"connection_string": told}
    elif settings.azure_storage_account:
        kind = "azure, provider credential_chain"
        given = {"account_name": settings.azure_storage_account}
    else:
        raise _no_sign_in(settings)
    _make_secret(connection, f"{DATABASE}_files", kind, given)


def _no_sign_in(settings: Settings) -> WarehouseError:
    cure = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    if settings.is_lake_on_google:
        cure = "GCS_HMAC_ACCESS_ID and GCS_HMAC_SECRET"
    if settings.is_lake_on_azure:
        cure = (
            "AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT beside a sign-in of Azure's"
            " own"
        )
    return WarehouseError(f"no sign-in to {settings.lake_path} was found: set {cure}")


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _has_catalog(settings: Settings) -> bool:
    if settings.warehouse_file:
        return settings.warehouse_file.exists()
    with _postgres_of(settings) as connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass(%s)", [f"{_CATALOG_SCHEMA}.ducklake_metadata"])
        [name] = cursor.fetchone() or [None]
        return name is not None


def _refuse_files_of_another(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    if _files(connection, f"{settings.lake_path}/**/*.parquet"):
        raise WarehouseError(
            f"{settings.lake_path} holds Parquet files, but the catalogue that knows them is not"
            " there: set LAKE_CATALOG to it, or LAKE_PATH to an empty place"
        )


def _files(connection: duckdb.DuckDBPyConnection, pattern: str) -> bool:
    return bool(connection.execute("select 1 from glob(?) limit 1", [pattern]).fetchall())


@contextmanager
def _only_writer(settings: Settings, place: str, *, read_only: bool) -> Iterator[None]:
    """Where the catalogue is a file, DuckDB locks it."""
    if read_only or settings.lake_catalog_address is None:
        yield
        return
    from ingestion.warehouse.postgres_lock import only_writer

    with _postgres_of(settings) as connection, only_writer(connection, "spotify-elt lake", place):
        yield


@contextmanager
def _postgres_of(settings: Settings) -> Iterator[Connection]:
    """The Postgres of the catalogue; each statement is a transaction of its own."""
    if find_spec("psycopg2") is None:
        raise WarehouseError(_NOT_INSTALLED)
    import psycopg2

    try:
        connected = psycopg2.connect(
            settings.lake_catalog_address, connect_timeout=_CONNECT_SECONDS
        )
    except psycopg2.Error as error:
        reason = " ".join(str(error).split())
        raise WarehouseError(f"cannot use the catalogue of the lake: {reason}") from error
    with closing(connected) as connection:
        connection.autocommit = True
        yield connection


def _tidy(connection: duckdb.DuckDBPyConnection) -> None:
    """Let the lake grow by what is new alone, however often it is written.

    Some makers' S3 cannot delete several files at once, the only way that DuckLake knows
    (ducklake 836): what was to be loaded is, and files that nobody needs are no reason to fail.
    """
    if connection.execute(_IS_TIME_TO_TIDY).fetchall() != [(True,)]:
        return
    for statement in _TIDY:
        connection.execute(statement)
    try:
        connection.execute(_DELETE)
    except duckdb.Error as error:
        reason = " ".join(str(error).split())
        _log.warning("files that the lake needs no more were not deleted, and cost: %s", reason)


def _destination(connection: duckdb.DuckDBPyConnection) -> Destination[Any, Any]:
    from ingestion.warehouse.lake_dlt import DuckLake  # here: dlt is slow to import

    return DuckLake(connection)


def _storage(connection: duckdb.DuckDBPyConnection) -> list[Stored]:
    """The files of the tables as they are now; rows that lie in the catalogue are in none."""
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = ? order by all",
        [DATABASE],
    ).fetchall()
    stored = []
    for schema, table in tables:
        ((size,),) = connection.execute(_FILES_OF_A_TABLE, [table, schema]).fetchall()
        stored.append(Stored(schema, table, int(size)))
    return stored
