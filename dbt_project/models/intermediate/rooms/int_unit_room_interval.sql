{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['heating_date']}],
    meta={'subjects': ['room']},
    pre_hook="{{ delete_to_date() }}"
) }}
{%- set ranges = to_date_ranges() %}
{%- set sums = ['homes', 'judged', 'complying', 'judged_squares', 'products', 'complying_squares'] %}
{%- set home = ['season', 'point_kind', 'household_id', 'branch_id', 'station_id', 'community_id'] %}
-- The 95 % interval of compliance in the season to date. The days of one home are no independent trials: a cold home is cold
-- for weeks. So homes are the clusters of a ratio of sums, and what its variance needs, the squares and products of each
-- home's days, grows by so much with each of its days. A home that comes to another station is another home there.
with season_day as (
    select season, heating_date
    from {{ ref('int_season_day') }}
    where {{ in_ranges('heating_date', ranges) }}
),

{% if is_incremental() -%}
since as (
    select season, min(heating_date) - 1 as base_date
    from season_day
    group by season
),

home_before as materialized (
    select
        {% for name in home %}h.{{ name }}, {% endfor -%}
        count(*) as judged,
        count(*) filter (where h.complies) as complying
    from {{ ref('int_household_day') }} as h
    inner join since as s on h.season = s.season and h.heating_date <= s.base_date
    group by {% for name in home %}h.{{ name }}{{ ', ' if not loop.last }}{% endfor %}
),

{% endif -%}
home_day as (
    select
        h.*,
        cast(h.complies as int) as complying,
        count(*) over so_far - 1 {%- if is_incremental() %} + coalesce(b.judged, 0){% endif %} as judged_before,
        count(*) filter (where h.complies) over so_far - cast(h.complies as int)
        {%- if is_incremental() %} + coalesce(b.complying, 0){% endif %} as complying_before
    from {{ ref('int_household_day') }} as h
    {% if is_incremental() -%}
    left join home_before as b
        on {% for name in home %}coalesce(h.{{ name }}, '') = coalesce(b.{{ name }}, ''){{ ' and ' if not loop.last }}{% endfor %}
    {% endif -%}
    where {{ in_ranges('h.heating_date', ranges) }}
    window so_far as (
        partition by {% for name in home %}h.{{ name }}{{ ', ' if not loop.last }}{% endfor %} order by h.heating_date
    )
),

added as (
    select
        season,
        heating_date,
        case
            when grouping(branch_id) = 0 then 'branch'
            when grouping(station_id) = 0 then 'station'
            when grouping(community_id) = 0 then 'community'
            else 'company'
        end as unit_kind,
        case
            when grouping(branch_id) = 0 then branch_id
            when grouping(station_id) = 0 then station_id
            when grouping(community_id) = 0 then community_id
            else 'company'
        end as unit_id,
        point_kind,
        count(*) filter (where judged_before = 0) as homes,
        count(*) as judged,
        sum(complying) as complying,
        sum(2 * judged_before + 1) as judged_squares,
        sum(complying_before + complying * (judged_before + 1)) as products,
        sum(complying * (2 * complying_before + 1)) as complying_squares
    from home_day
    group by grouping sets (
        (season, heating_date, point_kind),
        (season, heating_date, point_kind, branch_id),
        (season, heating_date, point_kind, station_id),
        (season, heating_date, point_kind, community_id)
    )
),

base as (
    {% if is_incremental() -%}
    select t.season, t.unit_kind, t.unit_id, t.point_kind, {% for name in sums %}t.{{ name }}{{ ', ' if not loop.last }}{% endfor %}
    from {{ this }} as t
    inner join since as s on t.season = s.season and t.heating_date = s.base_date
    {%- else -%}
    select season, unit_kind, unit_id, point_kind, {{ sums | join(', ') }}
    from added
    where false
    {%- endif %}
),

unit as (
    select season, unit_kind, unit_id, point_kind from base
    union
    select season, unit_kind, unit_id, point_kind from added where unit_id is not null
),

running as (
    select
        u.season,
        d.heating_date,
        u.unit_kind,
        u.unit_id,
        u.point_kind,
        {%- for name in sums %}
        cast(coalesce(b.{{ name }}, 0) + sum(coalesce(a.{{ name }}, 0)) over so_far as bigint) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from unit as u
    inner join season_day as d on u.season = d.season
    left join base as b
        on u.season = b.season and u.unit_kind = b.unit_kind and u.unit_id = b.unit_id and u.point_kind = b.point_kind
    left join added as a
        on d.heating_date = a.heating_date
        and u.unit_kind = a.unit_kind and u.unit_id = a.unit_id and u.point_kind = a.point_kind
    window so_far as (
        partition by u.season, u.unit_kind, u.unit_id, u.point_kind order by d.heating_date
        rows between unbounded preceding and current row
    )
),

enough as (
    select *
    from running
    where judged > 0
)

select
    e.*,
    {{ homes_interval_percent('low') }} as low_percent,
    {{ homes_interval_percent('high') }} as high_percent
from enough as e
left join {{ ref('int_limit_period') }} as l on e.heating_date between l.valid_from and l.valid_to
