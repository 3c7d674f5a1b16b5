{#-
    Which kind of device played, from the text by which Spotify names the platform. Newer exports
    have one word (ios, android, web_player), older ones the system's version or the maker as well
    (`Android OS 9 API 28`, `Partner sonos Sonos;One`), so that the words are looked for in an order:
    what plugs into a television runs Android too.
-#}
{% macro platform_family(expression) -%}
    case
        when {{ expression }} is null or lower({{ expression }}) in ('', 'unknown', 'not_applicable') then 'unknown'
        {%- for family, words in [
            ('console', ['playstation', 'xbox', 'nintendo', 'ps3', 'ps4', 'ps5']),
            ('car', ['car_', 'automotive', 'android_auto', 'android auto', 'carplay', 'tesla', 'volvo']),
            ('tv', ['_tv', ' tv', 'tvos', 'apple_tv', 'tizen', 'webos', 'roku', 'bravia', 'vizio', 'fire_os', 'firetv']),
            ('speaker', ['cast', 'sonos', 'speaker', 'google_home', 'alexa', 'amazon_salmon', 'homepod', 'bose', 'denon', 'onkyo']),
            ('web', ['web_player', 'webplayer', 'web player', 'html5']),
            ('ios', ['ios', 'iphone', 'ipad', 'ipod', 'watchos']),
            ('android', ['android']),
            ('windows', ['windows']),
            ('macos', ['os x', 'osx', 'macos', 'mac os']),
            ('linux', ['linux', 'ubuntu', 'debian', 'chromeos']),
        ] %}
        when
            {%- for word in words %}
            {% if not loop.first %}or {% endif %}{{ dbt.position("'" ~ word ~ "'", 'lower(' ~ expression ~ ')') }} > 0
            {%- endfor %}
            then '{{ family }}'
        {%- endfor %}
        else 'other'
    end
{%- endmacro %}
