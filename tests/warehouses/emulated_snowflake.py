"""Run by the emulator's own Python: fakesnow 0.12.1, with what it does otherwise put right.

Each part says what Snowflake does and the emulator does not.
"""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from pathlib import Path
from string import Template
from traceback import print_exception
from typing import Any

import duckdb
import fakesnow.arrow as arrow
import fakesnow.cursor as cursor
import fakesnow.info_schema as info_schema
import fakesnow.server as server
import fakesnow.transforms as transforms
import fakesnow.transforms.transforms as transforms_of_sql
import pyarrow as pa
import sqlglot
import uvicorn
from fakesnow.cursor import FakeSnowflakeCursor
from snowflake.connector.errors import Error, ProgrammingError
from sqlglot import TokenType, exp

DONE = "select 'Statement executed successfully.' as status"


# Who makes a table that is there is told 2002; the emulator says 2003, as of one that is not.

execute_one = FakeSnowflakeCursor._execute


def execute_telling_what_exists(self: Any, transformed: Any, params: Any = None) -> None:
    try:
        execute_one(self, transformed, params)
    except ProgrammingError as error:
        if "already exists" in str(error):
            raise ProgrammingError(msg=error.msg, errno=2002, sqlstate="42710") from error
        raise


FakeSnowflakeCursor._execute = execute_telling_what_exists

# A session has a warehouse, a moment becomes text in a format, an array has no nulls, and what is
# temporary lies in a schema; the emulator knows no warehouse, leaves the format out, keeps nulls
# (here they come last, where nobody of ours looks), and lets DuckDB refuse the schema. Ours are
# dropped by dbt, so they need not be temporary.

parse_one = cursor.parse_one
FORMATS = {"YYYY-MM-DD HH24:MI:SS.FF6": "%Y-%m-%d %H:%M:%S.%f"}


def as_duckdb_knows_it(node: Any) -> Any:
    if isinstance(node, exp.CurrentWarehouse):
        return exp.Literal.string("SMALL")
    if isinstance(node, exp.ToChar) and node.args.get("format"):
        text_format = exp.Literal.string(FORMATS[node.args["format"].name])
        return exp.func("strftime", node.this, text_format)
    if isinstance(node, exp.WithinGroup) and isinstance(node.this, exp.ArrayAgg):
        is_null = exp.Is(this=node.this.this.copy(), expression=exp.Null())
        node.expression.expressions.insert(0, exp.Ordered(this=is_null))
    if isinstance(node, exp.Create) and (properties := node.args.get("properties")):
        kept = [one for one in properties.expressions if not isinstance(one, exp.TemporaryProperty)]
        properties.set("expressions", kept)
    return node


cursor.parse_one = lambda sql: parse_one(sql).transform(as_duckdb_knows_it)

# A moment may be null; where it has a zone, the emulator tells of 1970.

to_struct = arrow.timestamp_to_sf_struct


def to_struct_with_nulls(moments: Any) -> Any:
    struct = to_struct(moments)
    if isinstance(moments, pa.ChunkedArray):
        moments = moments.combine_chunks()
    children = [struct.field(number) for number in range(struct.type.num_fields)]
    return pa.StructArray.from_arrays(children, fields=list(struct.type), mask=moments.is_null())


arrow.timestamp_to_sf_struct = to_struct_with_nulls

# Parameters of an account, a user or a database are kept and shown; the emulator keeps none.

parameters = {
    "DATE_INPUT_FORMAT": "AUTO",
    "DATE_OUTPUT_FORMAT": "YYYY-MM-DD",
    "DEFAULT_DDL_COLLATION": "",
    "TIMESTAMP_INPUT_FORMAT": "AUTO",
    "WEEK_START": "0",
}
SET_PARAMETER = re.compile(r"alter (?:account|user|database) .*\bset (\w+) = '(.*)'", re.IGNORECASE)
SHOW_PARAMETERS = re.compile(r"show parameters\b", re.IGNORECASE)


def with_parameters(statement: str) -> str:
    if given := SET_PARAMETER.match(statement):
        parameters[given[1].upper()] = given[2]
        return DONE
    if SHOW_PARAMETERS.match(statement):
        rows = ", ".join(f"('{name}', '{value}')" for name, value in parameters.items())
        return f'select * from (values {rows}) as shown ("key", "value")'
    return statement


# A place in a stage may stand in quotes, its parts as well; and what lies there can be removed.

STAGED = re.compile(r"\s*(put|copy|remove)\b", re.IGNORECASE)
QUOTED_WORD = re.compile(r"(MATCH_BY_COLUMN_NAME=)'(\w+)'")
FILE_OPTIONS = re.compile(r"TYPE = '(?:PARQUET|JSON)'(, \w+ = [\w']+)+")
QUOTED_PLACE = re.compile(r"'(@[^']*)'")


def with_bare_places(statement: str) -> str:
    kind = STAGED.match(statement)
    if not kind:
        return statement
    if kind[1].lower() == "remove":
        return "select 'removed' as result"
    statement = QUOTED_WORD.sub(r"\1\2", statement)
    statement = FILE_OPTIONS.sub("TYPE = 'PARQUET'", statement)
    return QUOTED_PLACE.sub(lambda place: place[1].replace('"', ""), statement)


# JSON is copied into columns by their names, as Parquet is; the emulator does it with Parquet
# alone, so a file becomes one as it comes.

write_bucket_file = server._write_bucket_file


def write_as_parquet(path: str, body: bytes) -> str | None:
    target = write_bucket_file(path, body)
    if target and path.endswith(".jsonl.gz"):
        rows = f"from read_json('{target}', format = 'newline_delimited', compression = 'gzip')"
        duckdb.connect().execute(f"copy ({rows}) to '{target}.parquet'")
        Path(f"{target}.parquet").rename(target)
    return target


server._write_bucket_file = write_as_parquet

# Many columns of a table are commented at once; the emulator comments one.

ALTER_COLUMNS = re.compile(
    r"\s*alter\s+table\s+(\S+)\s+alter\s+(?=\"\w+\" comment )", re.IGNORECASE
)
COMMENTED = re.compile(r"\"(\w+)\" COMMENT \$\$(.*?)\$\$", re.DOTALL)


def comments_of(sql: str) -> list[str]:
    table = ALTER_COLUMNS.match(sql)
    if not table:
        return []
    comments = [
        f'comment on column {table[1]}."{column}" is {exp.Literal.string(text).sql()}'
        for column, text in COMMENTED.findall(sql)
    ]
    return [*comments, DONE]


# A table may be made of `select *` with its columns declared; the emulator asks DuckDB what the
# columns are by a query in no dialect at all, which not every query survives.

create_table_as = transforms.create_table_as


def create_table_as_described(expression: Any, connection: Any) -> Any:
    if isinstance(expression, exp.Create) and isinstance(expression.this, exp.Schema):
        query = expression.expression
        query = query.unnest() if isinstance(query, exp.Subquery) else query
        if isinstance(query, exp.Select) and query.is_star:
            described = connection.execute(f"describe {query.sql('duckdb')}").fetchall()
            query.set("expressions", [exp.column(exp.to_identifier(row[0])) for row in described])
    return create_table_as(expression, connection)


transforms.create_table_as = create_table_as_described

# A number has as many digits as what computes it can have, 18 for a count, unless a column is
# declared; the emulator gives 38 to all. dbt compares views of its own with the tables they fill.

transforms_of_sql.SQL_DESCRIBE_TABLE = Template(
    transforms_of_sql.SQL_DESCRIBE_TABLE.template.replace(
        "numeric_precision", "if(table_name like '%__DBT_TMP', 18, numeric_precision)"
    )
)

# A table has bytes; the emulator says of each that it has none.

info_schema.SQL_CREATE_INFORMATION_SCHEMA_TABLES_VIEW = Template(
    info_schema.SQL_CREATE_INFORMATION_SCHEMA_TABLES_VIEW.template.replace(
        '0 AS "BYTES"', 'tables.estimated_size * tables.column_count * 8 AS "BYTES"'
    )
)

# A comment may hold an apostrophe; the emulator ends the text there.

insert_table_comment_sql = info_schema.insert_table_comment_sql


def insert_escaped_comment_sql(*place: str) -> str:
    *names, comment = place
    sql: str = insert_table_comment_sql(*names, (comment or "").replace("'", "''"))
    return sql


info_schema.insert_table_comment_sql = insert_escaped_comment_sql

# Several statements may come at once; the emulator takes one.

execute = FakeSnowflakeCursor.execute
parse_first = server.parse_one


def statements_of(sql: str) -> list[str]:
    if several := comments_of(sql):
        return several
    if ";" not in sql:
        return [sql]
    tokens = sqlglot.tokenize(sql, read="snowflake")
    ends = [token.start for token in tokens if token.token_type is TokenType.SEMICOLON]
    parts = [sql[start + 1 : end] for start, end in pairwise([-1, *ends, len(sql)])]
    return [part for part in parts if sqlglot.tokenize(part, read="snowflake")]


def as_taken(statement: str) -> str:
    return with_bare_places(with_parameters(statement.strip()))


def execute_each(self: Any, command: str, *given: Any, **named: Any) -> Any:
    for statement in statements_of(command):
        try:
            execute(self, as_taken(statement), *given, **named)
        except Error:
            raise
        except Exception as error:  # else the client would ask again and again
            print_exception(error)
            raise ProgrammingError(msg=f"{type(error).__name__}: {error}", errno=1) from error
    return self


FakeSnowflakeCursor.execute = execute_each
server.parse_one = lambda sql: parse_first(as_taken(statements_of(sql)[-1]))

if __name__ == "__main__":
    uvicorn.run(server.app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
