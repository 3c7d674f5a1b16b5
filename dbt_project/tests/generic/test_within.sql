{#- Every value lies within its column's `[lowest, highest]`, both inclusive, either null for none; null passes. -#}
{% test within(model, bounds) %}
    {%- set outside = [] -%}
    {%- for column, between in bounds.items() -%}
        {%- if between[0] is not none -%}
            {%- do outside.append('not ' ~ column ~ ' >= ' ~ between[0]) -%}
        {%- endif -%}
        {%- if between[1] is not none -%}
            {%- do outside.append('not ' ~ column ~ ' <= ' ~ between[1]) -%}
        {%- endif -%}
    {%- endfor %}
    select {{ bounds.keys() | join(', ') }}
    from {{ model }}
    where {{ outside | join(' or ') }}
{% endtest %}
