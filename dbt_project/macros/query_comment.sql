{#-
    What dbt says of itself before each statement: dbt's own words, and on BigQuery, where they label
    the job, BIGQUERY_LABELS as well. dbt's win: by them `spotify-elt costs` tells models.
-#}
{% macro query_comment(node, connection_name) -%}
    {%- set words = {} -%}
    {%- if target.type == 'bigquery' -%}
        {%- for label in env_var('BIGQUERY_LABELS', '').split(',') if '=' in label -%}
            {%- do words.update({label.split('=')[0].strip(): label.split('=')[1].strip()}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- do words.update(
        app='dbt',
        dbt_version=dbt_version,
        profile_name=target.get('profile_name'),
        target_name=target.get('target_name'),
    ) -%}
    {%- if node is not none -%}
        {%- do words.update(node_id=node.unique_id) -%}
    {%- else -%}
        {%- do words.update(connection_name=connection_name) -%}
    {%- endif -%}
    {{ return(tojson(words)) }}
{%- endmacro %}
