-- 1 and b are nearest to each other, which leaves 2 with a; 3 finds nobody; months keep apart
with

pairs as (

    select 1 as computed_month, '1' as left_key, 'a' as right_key, 2 as distance
    union all
    select 1, '1', 'b', 1
    union all
    select 1, '2', 'b', 1
    union all
    select 1, '2', 'a', 9
    union all
    select 1, '3', 'b', 5
    union all
    select 2, '1', 'a', 7

),

first_choices as (

    {{ mutually_nearest('pairs') }}

),

pairs_left as (

    {{ pairs_without('pairs', 'first_choices') }}

),

second_choices as (

    {{ mutually_nearest('pairs_left') }}

),

chosen as (

    select
        {{ dbt.listagg(
            "computed_month || left_key || right_key", "' '", "order by computed_month, left_key",
        ) }} as pairs
    from (
        select computed_month, left_key, right_key from first_choices
        union all
        select computed_month, left_key, right_key from second_choices
    ) as choices

)

select * from chosen
where pairs != '11b 12a 21a'
