{#-
    A condition on a day of the listener's calendar: that it is of a month or year (`period_type`)
    that an incremental model has to compute for any listener, or of so many months on either side.
    The model joins its periods anyway; as with within_stale_months, this spares it a look at the
    rest of a table that is laid out by day.
-#}
{% macro within_stale_periods(day, period_type, months_around=0) -%}
    {%- if not (execute and is_incremental()) -%}
        true
    {%- else -%}
        {%- set months = [] -%}
        {%- for day_one in stale_months(period_type=period_type) -%}
            {%- set first = day_one.year * 12 + day_one.month - 1 -%}
            {%- set count = 12 if period_type == 'year' else 1 -%}
            {%- do months.extend(range(first - months_around, first + count + months_around)) -%}
        {%- endfor -%}
        {%- set spans = [] -%}
        {%- for month in months | unique | sort -%}
            {%- set first_day = "cast('%d-%02d-01' as date)" % (month // 12, month % 12 + 1) -%}
            {%- set day_after = "cast('%d-%02d-01' as date)" % ((month + 1) // 12, (month + 1) % 12 + 1) -%}
            {%- if month - 1 not in months -%}
                {%- do spans.append([day ~ ' >= ' ~ first_day]) -%}
            {%- endif -%}
            {%- if month + 1 not in months -%}
                {%- do spans[-1].append(day ~ ' < ' ~ day_after) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set conditions = [] -%}
        {%- for span in spans -%}
            {%- do conditions.append(span | join(' and ')) -%}
        {%- endfor -%}
        {{ '((' ~ conditions | join(') or (') ~ '))' if conditions else 'false' }}
    {%- endif -%}
{%- endmacro %}
