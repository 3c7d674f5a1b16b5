{#-
    By how many seconds the wall clock of an IANA zone is ahead of UTC at a moment, a plain
    timestamp in UTC. Slow where the zone is a column: int_utc_offsets asks once a day, not once a play.
-#}
{% macro utc_offset_seconds(utc_expression, zone_expression) -%}
    {{ return(adapter.dispatch('utc_offset_seconds')(utc_expression, zone_expression)) }}
{%- endmacro %}

{% macro default__utc_offset_seconds(utc_expression, zone_expression) -%}
    {{ dbt.datediff(utc_expression, "timezone(" ~ zone_expression ~ ", timezone('UTC', " ~ utc_expression ~ "))", 'second') }}
{%- endmacro %}

{% macro bigquery__utc_offset_seconds(utc_expression, zone_expression) -%}
    datetime_diff(
        datetime(timestamp({{ utc_expression }}, 'UTC'), {{ zone_expression }}), {{ utc_expression }}, second
    )
{%- endmacro %}

{% macro snowflake__utc_offset_seconds(utc_expression, zone_expression) -%}
    {{ dbt.datediff(
        utc_expression, "convert_timezone('UTC', " ~ zone_expression ~ ", " ~ utc_expression ~ ")", 'second',
    ) }}
{%- endmacro %}
