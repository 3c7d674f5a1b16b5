{#-
    The strategy of our incremental models, `replace_periods`: delete the rows whose input_key is no
    period's any more, and put the new ones to the rest, in one transaction, which readers see whole
    or not at all. A model says of which types its periods are, `meta={'periods': […]}`; see
    current_periods.

    By key and not by what the new rows replace, because a period may end up with no row at all,
    and because joining old rows with new ones on their period costs the square of its rows.
-#}
{% macro get_incremental_replace_periods_sql(arg_dict) -%}
    {{ return(adapter.dispatch('get_incremental_replace_periods_sql')(arg_dict)) }}
{%- endmacro %}

{#- On DuckDB and Postgres dbt makes each model in a transaction. -#}
{% macro default__get_incremental_replace_periods_sql(arg_dict) -%}
    delete from {{ arg_dict['target_relation'] }}
    where
        {%- for period_type in config.get('meta')['periods'] %}
        {{ 'and ' if not loop.first -}}
        input_key not in (select periods.input_key from ({{ current_periods(period_type) }}) as periods)
        {%- endfor %};
    {{ get_insert_into_sql(arg_dict['target_relation'], arg_dict['temp_relation'], arg_dict['dest_columns']) }}
{%- endmacro %}

{% macro bigquery__get_incremental_replace_periods_sql(arg_dict) -%}
    begin transaction;
    {{ default__get_incremental_replace_periods_sql(arg_dict) }};
    commit transaction;
{%- endmacro %}

{% macro snowflake__get_incremental_replace_periods_sql(arg_dict) -%}
    {{ snowflake_dml_explicit_transaction(default__get_incremental_replace_periods_sql(arg_dict)) }}
{%- endmacro %}
