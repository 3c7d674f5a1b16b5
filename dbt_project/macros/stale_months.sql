{#-
    The first days of the months that an incremental model has to compute for any listener, asked of
    the warehouse when the model is. Without a row a month has no key and is stale for ever; so a
    model of which most months have none says which have: `months` is a query for their first days.
-#}
{% macro stale_months(months=none) -%}
    {%- set asked -%}
    select distinct ended_month from ({{ stale_periods('utc_month') }}) as stale
    {%- if months %}
    where ended_month in ({{ months }})
    {%- endif -%}
    {%- endset -%}
    {{ return(run_query(asked).columns[0].values()) }}
{%- endmacro %}
