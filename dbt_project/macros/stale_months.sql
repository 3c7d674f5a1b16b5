{#-
    The first days of the months that an incremental model has to compute for any listener, asked of
    the warehouse when the model is; of a stale year all twelve. Where a model is built whole, none.
    Without a row a month has no key and is stale for ever; so a model of which most months have none
    says which have: `among` is a query for their first days.
-#}
{% macro stale_months(period_type='utc_month', among=none) -%}
    {%- if not (execute and is_incremental()) -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set column = 'ended_month' if period_type == 'utc_month' else 'period' -%}
    {%- set asked -%}
    select distinct {{ column }} from ({{ stale_periods(period_type) }}) as stale
    {%- if among %}
    where {{ column }} in ({{ among }})
    {%- endif -%}
    {%- endset -%}
    {%- set months = [] -%}
    {%- for period in run_query(asked).columns[0].values() -%}
        {%- set year, month = (period | string)[:4] | int, (period | string)[5:7] | int -%}
        {%- for number in ([month] if month else range(1, 13)) -%}
            {%- do months.append(modules.datetime.date(year, number, 1)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(months) }}
{%- endmacro %}
