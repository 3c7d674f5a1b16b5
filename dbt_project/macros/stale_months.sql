{#-
    The first days of the periods that an incremental model has to compute for any listener, asked of
    the warehouse when the model is. Without a row a month has no key and is stale for ever; so a
    model of which most months have none says which have: `months` is a query for their first days.
-#}
{% macro stale_months(months=none, period_type='utc_month') -%}
    {%- set first_day = {
        'utc_month': 'ended_month',
        'month': 'cast(' ~ dbt.concat(['period', "'-01'"]) ~ ' as date)',
        'year': 'cast(' ~ dbt.concat(['period', "'-01-01'"]) ~ ' as date)',
    }[period_type] -%}
    {%- set asked -%}
    select distinct {{ first_day }} as first_day from ({{ stale_periods(period_type) }}) as stale
    {%- if months %}
    where ended_month in ({{ months }})
    {%- endif -%}
    {%- endset -%}
    {{ return(run_query(asked).columns[0].values()) }}
{%- endmacro %}
