"""`spotify-elt publish postgres`: a copy of the marts where dashboards and other programs read.

Everything happens in one transaction: the marts go into a fresh schema by binary COPY, get their
descriptions, and indexes if these are wanted, and take the place of those published before by two
renames at its end.
Readers see the old marts until then and the new ones after; a failure, or a kill, leaves what was
there. Rows pass through in batches.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ingestion.descriptions import Described
from ingestion.errors import UserError, WarehouseError
from ingestion.settings import Settings
from ingestion.transform import describe_models
from ingestion.warehouse import Warehouse, engine_of, open_warehouse

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection

Published: TypeAlias = Callable[[str, int], None]
"""Called with each mart and its number of rows, once it is copied; all count when all are."""

_MARTS: Final = "marts"

#: Only what bears this comment is ever replaced.
_OURS: Final = "published by spotify-elt"

_NOTHING_YET: Final = "there are no marts yet: run `spotify-elt run` first"

#: DuckDB's names of types, where Postgres has others.
_TYPES: Final = {"VARCHAR": "text", "DOUBLE": "double precision"}

#: One statement that makes all comments of a table: each by itself would be a question to a server
#: that may be far, and the driver takes one at a time.
_COMMENTS: Final = """
    select
        format(
            'do %L',
            'begin ' || string_agg(format('comment on %s is %L;', what, said), ' ') || ' end'
        )
    from (
        select format('table %I.%I', $1::text, $2::text) as what, $3::text as said
        union all
        select format('column %I.%I.%I', $1::text, $2::text, key), value
        from json_each_text($4::json)
    ) as comments
"""

#: A tenth of Postgres's own sample, in a seventh of the time; the dashboard is as fast by it.
#: Autovacuum looks closer when it comes.
_GLANCE: Final = 10

#: Long readers of the old marts may finish; what is still in use is dropped by the next publish.
_PATIENCE_WITH_READERS: Final = "3s"


def publish_to_postgres(settings: Settings, on_mart: Published | None = None) -> int:
    """Copy every mart to the server of PUBLISH_URL, into the schema `marts`, with PUBLISH_PREFIX.

    Args:
        settings: of this run.
        on_mart: called after each mart.

    Returns:
        How many rows were published.

    Raises:
        UserError: there are no marts yet, or what is there must not be replaced.
        WarehouseError: the warehouse cannot be opened, or the server does not take the rows.
        BuildError: dbt cannot say what the models are.
    """
    prefix = settings.schema_prefix if settings.publish_prefix is None else settings.publish_prefix
    schema = f"{prefix}{_MARTS}"
    if not engine_of(settings).exists():
        raise UserError(_NOTHING_YET)
    described = describe_models(settings)
    with (
        open_warehouse(settings, read_only=True) as warehouse,
        _connect(settings) as connection,
    ):
        marts = warehouse.column_types(_MARTS)
        if not marts:
            raise UserError(_NOTHING_YET)
        _refuse_what_is_not_ours(connection, schema)
        _drop_replaced(connection, schema)
        rows = _copy_all(connection, warehouse, marts, described, f"{schema}__new", on_mart)
        if settings.publish_indexes:
            _index(connection, marts, described, f"{schema}__new")
        _swap(connection, schema)
        connection.commit()
        _drop_replaced(connection, schema)
    return rows


@contextmanager
def _connect(settings: Settings) -> Iterator[Connection]:
    from ingestion.warehouse.postgres import AdbcError, address_of, connect_by_adbc, place_of

    given = settings.publish_url
    address = given.get_secret_value() if given else address_of(settings)
    try:
        with connect_by_adbc(address) as connection:
            yield connection
    except AdbcError as error:
        reason = " ".join(str(error).split())
        raise WarehouseError(f"cannot publish to {place_of(address)}: {reason}") from error


def _refuse_what_is_not_ours(connection: Connection, schema: str) -> None:
    """Replace neither somebody's schema nor a table that somebody's view reads.

    Raises:
        UserError: it would be.
    """
    found = _rows(
        connection,
        "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = $1",
        schema,
    )
    if found and found[0][0] != _OURS:
        raise UserError(
            f"the schema {schema} there was not published by spotify-elt: set PUBLISH_PREFIX, or"
            " rename it"
        )
    views = _rows(
        connection,
        """
        select distinct views.oid::regclass::text
        from pg_depend as depends
        inner join pg_rewrite as rules on depends.objid = rules.oid
        inner join pg_class as views on rules.ev_class = views.oid
        inner join pg_class as marts on depends.refobjid = marts.oid
        where
            marts.relnamespace = (select oid from pg_namespace where nspname = $1)
            and views.relnamespace <> marts.relnamespace
        order by 1
        """,
        schema,
    )
    if views:
        raise UserError(
            f"{views[0][0]} reads the schema {schema} and would go with the old tables: drop it,"
            " publish, and make it again"
        )


def _copy_all(
    connection: Connection,
    warehouse: Warehouse,
    marts: dict[str, dict[str, str]],
    described: dict[str, Described],
    schema: str,
    on_mart: Published | None,
) -> int:
    _run(connection, f'create schema "{schema}"')
    _run(connection, f"comment on schema \"{schema}\" is '{_OURS}'")
    # Postgres would look by itself a minute later, and plan for tables of a few rows until then
    _run(connection, f"set local default_statistics_target = {_GLANCE}")
    rows = 0
    for mart, types in sorted(marts.items()):
        columns = ", ".join(f'"{name}" {_TYPES.get(kind, kind)}' for name, kind in types.items())
        _run(connection, f'create table "{schema}"."{mart}" ({columns})')
        names = ", ".join(f'"{name}"' for name in types)
        with (
            warehouse.arrow(f"select {names} from {_MARTS}.{mart}") as reader,
            connection.cursor() as cursor,
        ):
            copied = cursor.adbc_ingest(mart, reader, mode="append", db_schema_name=schema)
        if mart in described:
            _describe(connection, schema, mart, types, described[mart])
        _run(connection, f'analyze "{schema}"."{mart}"')
        rows += copied
        if on_mart:
            on_mart(mart, copied)
    return rows


def _index(
    connection: Connection,
    marts: dict[str, dict[str, str]],
    described: dict[str, Described],
    schema: str,
) -> None:
    """Make the indexes that the marts have where the warehouse is a Postgres.

    But for those of columns that a mart lacks: an older version of the project may have built it.
    """
    for mart in marts.keys() & described.keys():
        for columns in described[mart].indexes:
            if marts[mart].keys() >= set(columns):
                names = ", ".join(f'"{name}"' for name in columns)
                _run(connection, f'create index on "{schema}"."{mart}" ({names})')


def _describe(
    connection: Connection, schema: str, mart: str, types: dict[str, str], described: Described
) -> None:
    of_columns = {name: said for name, said in described.columns.items() if name in types}
    [(comments,)] = _rows(
        connection, _COMMENTS, schema, mart, described.description, json.dumps(of_columns)
    )
    _run(connection, comments)


def _swap(connection: Connection, schema: str) -> None:
    """Let the new marts take the place of the old, for the same readers."""
    if _rows(connection, "select 1 from pg_namespace where nspname = $1", schema):
        _grant_as_before(connection, schema)
        [(transaction,)] = _rows(connection, "select pg_current_xact_id()::text")
        _run(connection, f'alter schema "{schema}" rename to "{schema}__replaced_{transaction}"')
    _run(connection, f'alter schema "{schema}__new" rename to "{schema}"')


def _grant_as_before(connection: Connection, schema: str) -> None:
    grants = _rows(
        connection,
        f"""
        select format(
            'grant usage on schema "{schema}__new" to %s',
            case when grantee = 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end
        )
        from pg_namespace, aclexplode(nspacl)
        where nspname = $1 and privilege_type = 'USAGE' and grantee <> nspowner
        union
        select format(
            'grant select on "{schema}__new".%I to %s',
            relname,
            case when grantee = 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end
        )
        from pg_class, aclexplode(relacl)
        where
            relnamespace = (select oid from pg_namespace where nspname = $1)
            and privilege_type = 'SELECT'
            and grantee <> relowner
            and exists (
                select 1 from pg_tables
                where schemaname = '{schema}__new' and tablename = relname
            )
        """,
        schema,
    )
    for (grant,) in grants:
        _run(connection, grant)


def _drop_replaced(connection: Connection, schema: str) -> None:
    """Drop what publishes have replaced, if nobody reads it any more."""
    from ingestion.warehouse.postgres import AdbcError

    replaced = _rows(
        connection,
        "select nspname from pg_namespace where starts_with(nspname, $1 || '__replaced_')"
        " and obj_description(oid, 'pg_namespace') = $2",
        schema,
        _OURS,
    )
    for (name,) in replaced:
        _run(connection, f"set local lock_timeout = '{_PATIENCE_WITH_READERS}'")
        try:
            _run(connection, f'drop schema "{name}" cascade')
            connection.commit()
        except AdbcError as error:
            connection.rollback()
            if "lock timeout" not in str(error):
                raise


def _run(connection: Connection, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _rows(connection: Connection, query: str, *parameters: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
