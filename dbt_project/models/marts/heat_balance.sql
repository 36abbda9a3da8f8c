-- Each station and each of its heating systems, day by day: the rooms, the near end against the far end, the supply against its own
-- curve, and which way to turn the valve. A station with several systems has the mean of their deviations, and the sum of their heat
-- only when each of them has counted: a part of the meters is not the station's heat. A valve is turned for several homes: it
-- takes more than one, and so many of those measured that chance alone would not do (the lower bound of the share).
with network as (
    select
        c.heating_date,
        u.unit_kind,
        u.unit_id,
        max(c.station_id) as station_id,
        avg(c.secondary_supply_degc order by c.system_id) as secondary_supply_degc,
        avg(c.secondary_return_degc order by c.system_id) as secondary_return_degc,
        avg(c.curve_supply_degc order by c.system_id) as curve_supply_degc,
        avg(c.supply_off_curve_degc order by c.system_id) as supply_off_curve_degc,
        avg(c.return_off_curve_degc order by c.system_id) as return_off_curve_degc,
        sum(s.energy_gj order by c.system_id) as energy_gj
    from {{ ref('int_system_curve_day') }} as c
    inner join {{ ref('int_system_day') }} as s on c.system_id = s.system_id and c.heating_date = s.heating_date
    cross join lateral (values ('station', c.station_id), ('system', c.system_id)) as u (unit_kind, unit_id)
    where u.unit_id is not null
    group by c.heating_date, u.unit_kind, u.unit_id
),

meter as (
    select
        e.heating_date,
        u.unit_kind,
        u.unit_id,
        string_agg(e.system_id, ', ' order by e.system_id) as missing_heat_meters
    from {{ ref('int_expected_system_day') }} as e
    left join {{ ref('int_system_day') }} as s on e.system_id = s.system_id and e.heating_date = s.heating_date
    cross join lateral (values ('station', e.station_id), ('system', e.system_id)) as u (unit_kind, unit_id)
    where s.energy_gj is null and u.unit_id is not null
    group by e.heating_date, u.unit_kind, u.unit_id
),

unit_day as (
    select
        heating_date,
        unit_kind,
        unit_id,
        r.season as room_season,
        coalesce(r.station_id, n.station_id) as station_id,
        r.measured_households,
        r.near_households,
        r.far_households,
        r.p10_degc,
        r.p50_degc,
        r.p90_degc,
        r.near_degc,
        r.middle_degc,
        r.far_degc,
        r.near_degc - r.far_degc as near_far_degc,
        r.deviation_degc / nullif(r.mean_degc, 0) as variation,
        r.below_standard_households,
        r.overheated_households,
        r.visited_households,
        r.visited_below_standard_households,
        cast(r.below_standard_households as double precision) / nullif(r.measured_households, 0) as below_standard_share,
        cast(r.overheated_households as double precision) / nullif(r.measured_households, 0) as overheated_share,
        {{ wilson_percent('r.below_standard_households', 'r.measured_households', 'low') }} / 100 as below_standard_share_low,
        {{ wilson_percent('r.overheated_households', 'r.measured_households', 'low') }} / 100 as overheated_share_low,
        n.secondary_supply_degc,
        n.secondary_return_degc,
        n.curve_supply_degc,
        n.supply_off_curve_degc,
        n.return_off_curve_degc,
        case when m.missing_heat_meters is null then n.energy_gj end as energy_gj,
        m.missing_heat_meters
    from {{ ref('int_unit_balance_day') }} as r
    full outer join network as n using (heating_date, unit_kind, unit_id)
    left join meter as m using (heating_date, unit_kind, unit_id)
),

weighed as (
    select
        u.*,
        d.season,
        l.balance_watch_degc,
        l.balance_act_degc,
        l.curve_watch_degc,
        least(u.near_households, u.far_households) >= l.balance_min_end_households as has_both_ends,
        coalesce(u.measured_households >= l.balance_min_households, false) as has_enough,
        u.below_standard_households >= l.balance_min_found_households and u.below_standard_share_low >= l.cold_share as is_cold,
        u.overheated_households >= l.balance_min_found_households and u.overheated_share_low >= l.overheated_share as is_hot,
        u.below_standard_share >= l.cold_share as has_cold_homes
    from unit_day as u
    inner join {{ ref('int_season_day') }} as d using (heating_date)
    inner join {{ ref('int_limit_period') }} as l on u.heating_date between l.valid_from and l.valid_to
),

judged as (
    select
        *,
        case
            when near_far_degc is null then null
            when round(cast(near_far_degc as numeric), 6) > balance_act_degc and has_both_ends then 'act'
            when round(cast(near_far_degc as numeric), 6) > balance_watch_degc then 'watch'
            else 'fine'
        end as balance_state,
        case
            when not has_enough then null
            when is_cold and is_hot then 'cold_and_hot'
            when is_cold and supply_off_curve_degc < -curve_watch_degc then 'cold_below_curve'
            when is_cold then 'cold'
            when is_hot then 'hot'
            when round(cast(near_far_degc as numeric), 6) > balance_act_degc and has_both_ends then 'unbalanced'
            when has_cold_homes then 'cold_homes'
            else 'fine'
        end as finding
    from weighed
)

select
    j.season,
    j.heating_date,
    j.unit_kind,
    j.unit_id,
    j.station_id,
    j.measured_households,
    j.near_households,
    j.far_households,
    j.p10_degc,
    j.p50_degc,
    j.p90_degc,
    j.near_degc,
    j.middle_degc,
    j.far_degc,
    j.near_far_degc,
    j.balance_state,
    j.below_standard_households,
    j.overheated_households,
    j.below_standard_share,
    j.overheated_share,
    j.below_standard_share_low,
    j.overheated_share_low,
    j.visited_households,
    j.visited_below_standard_households,
    j.variation,
    j.secondary_supply_degc,
    j.secondary_return_degc,
    j.curve_supply_degc,
    j.supply_off_curve_degc,
    j.return_off_curve_degc,
    j.energy_gj,
    j.missing_heat_meters,
    case
        when j.finding in ('cold', 'cold_below_curve') then 'open'
        when j.finding = 'hot' then 'close'
        when j.finding is not null then 'leave'
    end as valve_advice,
    case j.finding
        when 'cold_and_hot'
            then 'Some homes are below their standard while others are overheated: the valve of the station cannot mend that; throttle'
                || ' the near branches and open the far ones.'
        when 'cold_below_curve'
            then 'Homes are below their standard and the supply is below its own curve: open, and find out why it fell.'
        when 'cold' then 'Homes are below their standard although the supply keeps to its curve: open, the curve is set too low.'
        when 'hot' then 'Homes are overheated and hardly any is cold: close, there is heat to take away.'
        when 'unbalanced' then 'The near end is much warmer than the far end, no home is in need: leave the valve, balance the branches.'
        when 'cold_homes'
            then 'Too few homes are below their standard to turn a valve for all: leave it, and look at those homes.'
        when 'fine' then 'Rooms are where they should be: leave it.'
        else 'Too few homes were measured to say.'
    end as valve_reason,
    case j.finding
        when 'cold_and_hot' then '有户不达标、同时有户过热：调站内阀门无效，应关小近端支路、开大远端支路。'
        when 'cold_below_curve' then '有户不达标，且二次供温低于本站曲线：开大，并查明供温下降原因。'
        when 'cold' then '有户不达标而供温符合本站曲线：开大，曲线设定偏低。'
        when 'hot' then '过热户多而基本无不达标户：关小，有热可让。'
        when 'unbalanced' then '近端明显高于远端，但无户不达标：阀门不动，做支路平衡。'
        when 'cold_homes' then '不达标户太少，不足以为其调整全站阀门：阀门不动，逐户查看。'
        when 'fine' then '室温正常：阀门不动。'
        else '检测户数太少，无法判断。'
    end as valve_reason_zh
from judged as j
