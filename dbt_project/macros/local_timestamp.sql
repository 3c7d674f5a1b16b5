{#-
    The wall clock in an IANA zone at a UTC moment, both plain timestamps. The zone may be a
    column: each play has its listener's. In the hour that autumn repeats, the wall clock does too.
-#}
{% macro local_timestamp(utc_expression, zone_expression) -%}
    {{ return(adapter.dispatch('local_timestamp')(utc_expression, zone_expression)) }}
{%- endmacro %}

{% macro default__local_timestamp(utc_expression, zone_expression) -%}
    timezone({{ zone_expression }}, timezone('UTC', {{ utc_expression }}))
{%- endmacro %}
