"""Google's own analyser of BigQuery's SQL, in this process and without an account.

It knows names, types and functions, and runs what reads no table. What it cannot know is what a
statement costs, who may run it, and how BigQuery lays a table out.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from typing import Any, Final, TypeAlias

from zetasql import types
from zetasql.api import Analyzer, PreparedQuery, TableBuilder
from zetasql.core.exceptions import ServerError

Columns: TypeAlias = dict[str, str]
"""The type of each column, by BigQuery's names."""

Place: TypeAlias = tuple[str, str]
"""Schema and name of a table or view."""

Relations: TypeAlias = dict[Place, Columns]
"""Columns of tables and views."""

#: By BigQuery's names of the types that our tables have.
_KINDS: Final = {
    "string": types.TypeKind.TYPE_STRING,
    "int64": types.TypeKind.TYPE_INT64,
    "float64": types.TypeKind.TYPE_DOUBLE,
    "bool": types.TypeKind.TYPE_BOOL,
    "date": types.TypeKind.TYPE_DATE,
    "datetime": types.TypeKind.TYPE_DATETIME,
    "timestamp": types.TypeKind.TYPE_TIMESTAMP,
}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}

#: Of the language at large, and not of BigQuery's: what DuckDB and Postgres have would pass.
_NOT_IN_BIGQUERY: Final = frozenset(
    types.LanguageFeature[f"FEATURE_{name}"]
    for name in (
        *("ADDITIONAL_DATE_TIME_FUNCTIONS", "AGGREGATE_FILTERING", "ARRAY_ORDERING"),
        *("ALIASES_FOR_STRING_AND_DATE_FUNCTIONS", "BARE_ARRAY_ACCESS", "BY_NAME"),
        *("CHAINED_FUNCTION_CALLS", "CORRESPONDING", "CORRESPONDING_FULL", "FIRST_AND_LAST_N"),
        *("INLINE_LAMBDA_ARGUMENT", "LATERAL_COLUMN_REFERENCES", "LATERAL_JOIN", "LIMIT_ALL"),
        *("LIMIT_OFFSET_EXPRESSIONS", "LITERAL_CONCATENATION", "MAP_TYPE"),
        *("MULTILEVEL_AGGREGATION", "NULLIFZERO_ZEROIFNULL", "RELAXED_WITH_RECURSIVE"),
        *("ROW_TYPE", "STRUCT_POSITIONAL_ACCESSOR", "TIMESTAMP_NANOS", "UUID_TYPE"),
        *("WITH_EXPRESSION", "WITH_GROUP_ROWS"),
    )
)

_STATEMENTS: Final = tuple(
    types.ResolvedNodeKind[f"RESOLVED_{name}_STMT"]
    for name in ("QUERY", "INSERT", "DELETE", "CREATE_TABLE", "CREATE_SCHEMA", "DROP")
)


class NotGoogleSql(Exception):  # noqa: N818, as the analyser's own words end the sentence
    """BigQuery would refuse it; says why and where."""


def columns_of(sql: str, project: str, relations: Relations) -> Columns:
    """The columns that a query gives.

    Args:
        sql: one query.
        project: of BigQuery, to which the relations belong.
        relations: that it may read.

    Raises:
        NotGoogleSql: it is not valid.
    """
    try:
        statement = Analyzer(_options(), _catalog(project, relations)).analyze_statement(sql)
    except ServerError as error:
        raise NotGoogleSql(str(error)) from error
    kinds = {column.name: column.column.type.type_kind for column in statement.output_column_list}
    return {name: _NAMES.get(kind, f"of kind {kind}") for name, kind in kinds.items()}


def check(sql: str, parameters: Columns, project: str, relations: Relations) -> None:
    """Any one statement of those that Python sends.

    Args:
        sql: the statement, which may leave out the project.
        parameters: the types of `@name`.
        project: of BigQuery, to which the relations belong.
        relations: that it may read and write.

    Raises:
        NotGoogleSql: it is not valid.
    """
    catalog = _catalog(project, relations)
    _check(sql, parameters, catalog, [*catalog.catalog, *catalog.catalog[0].catalog])


def check_in(
    sql: str, parameters: Columns, project: str, catalogs: Sequence[types.SimpleCatalog]
) -> None:
    """The same, of a project of one's own making.

    Args:
        sql: the statement.
        parameters: the types of `@name`.
        project: of BigQuery.
        catalogs: what the project has.

    Raises:
        NotGoogleSql: it is not valid.
    """
    of_project = types.SimpleCatalog(name=project, catalog=list(catalogs))
    _check(sql, parameters, _catalog(project, {}), [of_project])


def _check(
    sql: str,
    parameters: Columns,
    catalog: types.SimpleCatalog,
    catalogs: list[types.SimpleCatalog],
) -> None:
    options = deepcopy(_options())
    options.language_options.supported_statement_kinds = list(_STATEMENTS)
    options.query_parameters = [
        types.AnalyzerOptions.QueryParameter(name=name, type=types.Type(type_kind=_KINDS[kind]))
        for name, kind in parameters.items()
    ]
    catalog.catalog = catalogs
    try:
        Analyzer(options, catalog).analyze_statement(sql)
    except ServerError as error:
        raise NotGoogleSql(str(error)) from error


def rows_of(sql: str) -> list[Any]:
    """The rows of a query that reads no table, by the language's reference implementation.

    Raises:
        NotGoogleSql: it is not valid.
    """
    query = PreparedQuery.builder().set_sql(sql).set_analyzer_options(_options())
    try:
        with query.set_catalog(_catalog("", {})).prepare() as prepared:
            table = prepared.execute().content.table_data
            return list(table.row) if table else []
    except ServerError as error:
        raise NotGoogleSql(str(error)) from error


@cache
def _options() -> types.AnalyzerOptions:
    language = types.LanguageOptions.maximum_features()
    language.product_mode = types.ProductMode.PRODUCT_EXTERNAL
    language.reserved_keywords = ["QUALIFY"]
    language.enabled_language_features = [
        feature for feature in language.enabled_language_features if feature not in _NOT_IN_BIGQUERY
    ]
    options = types.AnalyzerOptions(language_options=language)
    options.error_message_mode = types.ErrorMessageMode.ERROR_MESSAGE_ONE_LINE
    return options


def _catalog(project: str, relations: Relations) -> types.SimpleCatalog:
    """A project with datasets with tables, so that names are looked up as BigQuery does."""
    datasets: dict[str, types.SimpleCatalog] = {}
    for (schema, name), columns in relations.items():
        table = TableBuilder(name)
        for column, data_type in columns.items():
            table.add_column(column, _KINDS[data_type])
        dataset = datasets.setdefault(schema, types.SimpleCatalog(name=schema))
        dataset.table.append(table.build())
    functions = types.ZetaSQLBuiltinFunctionOptions(language_options=_options().language_options)
    return types.SimpleCatalog(
        name="warehouse",
        catalog=[types.SimpleCatalog(name=project, catalog=list(datasets.values()))],
        builtin_function_options=functions,
    )
