{#-
    A condition on a column of months: those that an incremental model has to compute (`months`: see
    stale_months), and so many on either side. The model joins its stale months anyway; but of a join
    no planner concludes what a view below need not give, and of a list of dates each does. So an
    increment costs what its months hold, and where a table is partitioned by month, the others are
    not read.
-#}
{% macro within_stale_months(column, months_around=0, months=none) -%}
    {%- if not (execute and is_incremental()) -%}
        true
    {%- else -%}
        {%- set numbers = [] -%}
        {%- for month in stale_months(months) -%}
            {%- for around in range(-months_around, months_around + 1) -%}
                {%- do numbers.append(month.year * 12 + month.month - 1 + around) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- set dates = [] -%}
        {%- for number in numbers | unique | sort -%}
            {%- do dates.append("cast('%d-%02d-01' as date)" % (number // 12, number % 12 + 1)) -%}
        {%- endfor -%}
        {{ column ~ ' in (' ~ dates | join(', ') ~ ')' if dates else 'false' }}
    {%- endif -%}
{%- endmacro %}
