"""What Snowflake refuses and its emulator takes: there is no analyser of Snowflake's own to ask.

Read in Snowflake's reference: words that are no names, windows without names, functions.
"""

from __future__ import annotations

from itertools import pairwise

from sqlglot import TokenType, exp, parse_one, tokenize

#: https://docs.snowflake.com/en/sql-reference/reserved-keywords
RESERVED = """
    account all alter and any as between by case cast check column connect connection constraint
    create cross current current_date current_time current_timestamp current_user database delete
    distinct drop else exists false following for from full grant group gscluster having ilike in
    increment inner insert intersect into is issue join lateral left like localtime localtimestamp
    minus natural not null of on or order organization qualify regexp revoke right rlike row rows
    sample schema select set some start table tablesample then to trigger true try_cast union unique
    update using values view when whenever where with
"""

#: https://docs.snowflake.com/en/sql-reference/functions-all: those that the project needs.
FUNCTIONS = """
    abs array_agg cast coalesce convert_timezone count date_trunc dateadd datediff dayofweekiso
    dense_rank extract first_value floor iff lag lead length listagg lower max md5 min mod nullif
    position power regexp_replace replace right round row_number split_part sum to_varchar translate
    trim upper weekiso yearofweekiso
"""

#: What a bracket may follow and is no function.
OTHER_WORDS = "and as by exists from group in join not on or over then when where"


def what_snowflake_refuses(sql: str) -> set[str]:
    """The words for which Snowflake would refuse the query of a model or a data test."""
    query = parse_one(sql, read="snowflake")
    names = {name.this for name in query.find_all(exp.Identifier) if not name.quoted}
    called = {
        word.text.lower()
        for word, bracket in pairwise(tokenize(sql, read="snowflake"))
        if bracket.token_type is TokenType.L_PAREN and word.text.isidentifier()
    }
    return (
        {name for name in names if name.lower() in RESERVED.split()}
        | {"a window with a name" for window in query.find_all(exp.Window) if window.alias}
        | called.difference(FUNCTIONS.split(), OTHER_WORDS.split())
    )
