{#- Every value lies within the bounds of its column, `column: [lowest, highest]`, both inclusive; null passes. -#}
{% test within(model, bounds) %}
    {%- set outside = [] -%}
    {%- for column, between in bounds.items() -%}
        {%- if between[0] is not none -%}
            {%- do outside.append(column ~ ' < ' ~ between[0]) -%}
        {%- endif -%}
        {%- if between[1] is not none -%}
            {%- do outside.append(column ~ ' > ' ~ between[1]) -%}
        {%- endif -%}
    {%- endfor %}
    select {{ bounds.keys() | join(', ') }}
    from {{ model }}
    where {{ outside | join(' or ') }}
{% endtest %}
