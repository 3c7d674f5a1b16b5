{#-
    The columns that a contract declares, with the names that this warehouse gives to the types of
    standard SQL, in which contracts are written.
-#}
{% macro contract_columns(columns) -%}
    {%- set types = adapter.dispatch('contract_columns')() -%}
    {%- set named = {} -%}
    {%- for name, column in columns.items() -%}
        {%- do named.update({name: dict(column, data_type=types.get(column.data_type, column.data_type))}) -%}
    {%- endfor -%}
    {{ return(named) }}
{%- endmacro %}

{% macro default__contract_columns() -%}
    {{ return({}) }}
{%- endmacro %}

{#-
    Text that Postgres compares byte by byte, as DuckDB and BigQuery do: the first of several names is
    then the same everywhere, whatever collation the database was made with. Raw tables are made so by
    the loader, and what is computed from a column inherits it; only declared columns would lose it.
    `text`, as all expressions are, so that increments have the types of their table.
-#}
{% macro postgres__contract_columns() -%}
    {{ return({'varchar': 'text collate "C"'}) }}
{%- endmacro %}

{#- BigQuery's plain timestamp is a datetime: see bigquery__type_timestamp. -#}
{% macro bigquery__contract_columns() -%}
    {{ return({
        'varchar': 'string', 'text': 'string', 'bigint': 'int64', 'integer': 'int64', 'double precision': 'float64',
        'boolean': 'bool', 'timestamp': 'datetime',
    }) }}
{%- endmacro %}

{#-
    Snowflake takes the names of standard SQL, but which of its three timestamps `timestamp` is can be
    set for an account.
-#}
{% macro snowflake__contract_columns() -%}
    {{ return({'timestamp': 'timestamp_ntz'}) }}
{%- endmacro %}
