{#-
    A model lives in the schema that it names: `marts`, not `main_marts`. SCHEMA_PREFIX stands before
    it where several people share a warehouse.
-#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if custom_schema_name -%}
        {{ env_var('SCHEMA_PREFIX', '') }}{{ custom_schema_name | trim }}
    {%- else -%}
        {{ target.schema }}
    {%- endif -%}
{%- endmacro %}
