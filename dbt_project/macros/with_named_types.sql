{#- A seed whose column_types are named as the warehouse names them; see contract_columns. -#}
{% macro with_named_types(model) -%}
    {%- set columns = {} -%}
    {%- for name, type in model.config.column_types.items() -%}
        {%- do columns.update({name: {'data_type': type}}) -%}
    {%- endfor -%}
    {%- set types = {} -%}
    {%- for name, column in contract_columns(columns).items() -%}
        {%- do types.update({name: column.data_type}) -%}
    {%- endfor -%}
    {{ return(dict(model, config=dict(model.config, column_types=types))) }}
{%- endmacro %}
