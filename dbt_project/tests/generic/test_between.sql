{#- Every value lies within bounds, both inclusive; null passes. -#}
{% test between(model, column_name, lowest, highest) %}
    select {{ column_name }}
    from {{ model }}
    where not {{ column_name }} between {{ lowest }} and {{ highest }}
{% endtest %}
