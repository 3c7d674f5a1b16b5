{#- No value is below the bound; null passes. -#}
{% test at_least(model, column_name, lowest) %}
    select {{ column_name }}
    from {{ model }}
    where {{ column_name }} < {{ lowest }}
{% endtest %}
