{#-
    What a table promises, asked in one query: each costs dbt its start, and BigQuery 10 MiB at least.

    keys: no two rows are alike in a column, or in all of several: `[play_key, [listener, year]]`.
        Null is no value of a column alone; of several it is one.
    required: no value is null.
    references: every value but null is in another model: `{artist_key: dim_artists}`, in the column
        of that name there, or in another: `{listening_date: dim_dates.date_day}`.
    accepted: every value but null is one of a list: `{item_type: [track, artist]}`.
    bounds: every value but null lies within `[lowest, highest]`, both inclusive, either null for none.

    Finds one row per promise and value that breaks it, with the number of rows that hold the value.
-#}
{% test integrity(model, keys=[], required=[], references={}, accepted={}, bounds={}) %}
    {{- config(fail_calc='coalesce(sum(row_count), 0)') -}}
    {%- set found = [] -%}
    {%- for key in keys -%}
        {%- set columns, given = ([key], key ~ ' is not null') if key is string else (key, '1 = 1') -%}
        {%- do found.append(breaks_integrity('key', columns, model, given, 'count(*) > 1')) -%}
    {%- endfor -%}
    {%- for column in required -%}
        {%- do found.append(breaks_integrity('required', [column], model, column ~ ' is null')) -%}
    {%- endfor -%}
    {%- for column, place in references.items() -%}
        {%- set parent, field = (place ~ '.' ~ column).split('.')[:2] -%}
        {%- set orphans -%}
            (
            select child.{{ column }}
            from (select {{ column }} from {{ model }}) as child
            left join {{ ref(parent) }} as parent on child.{{ column }} = parent.{{ field }}
            where parent.{{ field }} is null
        ) as orphans
        {%- endset -%}
        {%- do found.append(breaks_integrity('reference', [column], orphans, column ~ ' is not null')) -%}
    {%- endfor -%}
    {%- for column, values in accepted.items() -%}
        {%- set other = column ~ " not in ('" ~ values | join("', '") ~ "')" -%}
        {%- do found.append(breaks_integrity('accepted', [column], model, other)) -%}
    {%- endfor -%}
    {%- for column, (lowest, highest) in bounds.items() -%}
        {%- set outside = [] -%}
        {%- do outside.append('not ' ~ column ~ ' >= ' ~ lowest) if lowest is not none -%}
        {%- do outside.append('not ' ~ column ~ ' <= ' ~ highest) if highest is not none -%}
        {%- do found.append(breaks_integrity('bounds', [column], model, outside | join(' or '))) -%}
    {%- endfor -%}
    {{ found | join('\n    union all\n    ') }}
{% endtest %}

{% macro breaks_integrity(promise, columns, rows, condition, of_a_value='count(*) > 0') -%}
    {%- set words = [] -%}
    {%- for column in columns -%}
        {%- do words.append("coalesce(cast(" ~ column ~ " as " ~ dbt.type_string() ~ "), 'null')") -%}
    {%- endfor -%}
    select
        '{{ promise }} of {{ columns | join(", ") }}' as broken_promise,
        {{ words | join(" || ', ' || ") }} as offending_value,
        count(*) as row_count
    from {{ rows }}
    where {{ condition }}
    group by {{ columns | join(', ') }}
    having {{ of_a_value }}
{%- endmacro %}
