{#-
    Every period that incremental models compute by, with the key of its inputs, which is one
    period's alone. utc_month: the months of ended_at; month, year: of the listener's own calendar,
    where the key holds the SQL of the model that asks as well.
-#}
{% macro current_periods(period_type) -%}
    {%- if period_type == 'utc_month' -%}
    select
        listener,
        ended_month,
        input_key
    from {{ ref('int_listening_months') }}
    {%- else -%}
    {%- set sql_checksum = model.checksum.checksum if execute and model.checksum else '' -%}
    select
        listener,
        period,
        {{ hash_key(['input_key', "'" ~ sql_checksum ~ "'"]) }} as input_key
    from {{ ref('int_listening_periods') }}
    where period_type = '{{ period_type }}'
    {%- endif -%}
{%- endmacro %}
