{#-
    A condition on a column (a day, a month's first day, or a moment: `data_type`): that it lies in one
    of the months, which stale_months gives, or in so many on either side. An incremental model joins
    its stale months anyway; but of a join no planner concludes what it need not read, and of
    constants each does. So an increment costs what its months hold. A model that is built whole
    reads all.
-#}
{% macro within_months(column, months, months_around=0, data_type='date') -%}
    {%- if not (execute and is_incremental()) -%}
        true
    {%- else -%}
        {%- set time = '' if data_type == 'date' else ' 00:00:00+00:00' -%}
        {%- set numbers = [] -%}
        {%- for month in months -%}
            {%- set number = month.year * 12 + month.month - 1 -%}
            {%- do numbers.extend(range(number - months_around, number + months_around + 1)) -%}
        {%- endfor -%}
        {%- set spans = [] -%}
        {%- for number in numbers | unique | sort -%}
            {%- set begin, end = [
                "cast('%d-%02d-01%s' as %s)" % (number // 12, number % 12 + 1, time, data_type),
                "cast('%d-%02d-01%s' as %s)" % ((number + 1) // 12, (number + 1) % 12 + 1, time, data_type),
            ] -%}
            {%- if number - 1 not in numbers -%}
                {%- do spans.append([column ~ ' >= ' ~ begin]) -%}
            {%- endif -%}
            {%- if number + 1 not in numbers -%}
                {%- do spans[-1].append(column ~ ' < ' ~ end) -%}
            {%- endif -%}
        {%- endfor -%}
        {{ '((' ~ spans | map('join', ' and ') | join(') or (') ~ '))' if spans else 'false' }}
    {%- endif -%}
{%- endmacro %}
