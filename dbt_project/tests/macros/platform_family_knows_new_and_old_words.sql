-- what exports of 2026 say, and what those of the years before 2022 did
with

inputs as (

    select
        'ios' as platform,
        'ios' as expected
    union all
    select 'iOS 14.4 (iPhone12,1)', 'ios'
    union all
    select 'Android', 'android'
    union all
    select 'Android OS 9 API 28 (samsung, SM-G960F)', 'android'
    union all
    select 'Android-tablet OS 7.0 API 24 (samsung, SM-T580)', 'android'
    union all
    select 'windows', 'windows'
    union all
    select 'Windows 10 (10.0.19041; x64)', 'windows'
    union all
    select 'osx', 'macos'
    union all
    select 'OS X 10.15.7 [x86 8]', 'macos'
    union all
    select 'Linux [x86-64 0]', 'linux'
    union all
    select 'web_player', 'web'
    union all
    select 'web_player osx 10.15.7;chrome 96.0.4664.55;desktop', 'web'
    union all
    select 'cast', 'speaker'
    union all
    select 'Partner google cast;Chromecast;;', 'speaker'
    union all
    select 'Partner sonos_ppc Sonos;Play1', 'speaker'
    union all
    select 'tizen', 'tv'
    union all
    select 'Partner android_tv Sony;BRAVIA 4K', 'tv'
    union all
    select 'playstation', 'console'
    union all
    select 'Partner scei sony_tv;ps4;', 'console'
    union all
    select 'Android Auto', 'car'
    union all
    select 'garmin', 'other'
    union all
    select 'not_applicable', 'unknown'
    union all
    select '', 'unknown'
    union all
    select null, 'unknown'

)

select
    *,
    {{ platform_family('platform') }} as actual
from inputs
where {{ platform_family('platform') }} != expected
