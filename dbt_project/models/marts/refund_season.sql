-- What may have to be refunded to each home for a season, and what of it nobody knows. Days that the user caused are counted
-- apart and are in no other figure. The known part is empty where no day is known; the unknown part is what it would come to
-- if the whole fee of those days were refunded. A home is where it was on the last of its days.
with day as (
    select
        *,
        cause = 'user' as is_own_cause,
        heated_area_m2 * refund_percent / 100 as refund_m2_days,
        cause <> 'user' and heated_area_m2 * refund_percent is null as is_unknown,
        row_number() over (partition by season, household_id order by refund_date desc) as nth_last
    from {{ ref('int_refund_day') }}
)

select
    season,
    household_id,
    max(building_id) filter (where nth_last = 1) as building_id,
    max(station_id) filter (where nth_last = 1) as station_id,
    max(branch_id) filter (where nth_last = 1) as branch_id,
    min(request_date) as first_request_date,
    min(refund_date) as from_date,
    max(refund_date) as to_date,
    cast(count(*) as int) as claim_days,
    cast(count(*) filter (where is_own_cause) as int) as own_cause_days,
    cast(count(*) filter (where not is_own_cause) as int) as refundable_days,
    cast(count(*) filter (where cause = 'unknown') as int) as cause_unknown_days,
    cast(count(*) filter (where not is_own_cause and refund_m2_days is not null) as int) as known_days,
    cast(count(*) filter (where not is_own_cause and value_degc is null) as int) as unmeasured_days,
    cast(count(*) filter (where not is_own_cause and not has_tariff) as int) as without_tariff_days,
    cast(count(*) filter (where not is_own_cause and heated_area_m2 is null) as int) as without_area_days,
    cast(count(*) filter (where not is_own_cause and refund_m2_days > 0) as int) as refunded_days,
    sum(refund_m2_days order by refund_date) filter (where not is_own_cause) as refund_m2_days,
    case
        when count(*) filter (where is_unknown and heated_area_m2 is null) = 0
            then coalesce(sum(heated_area_m2 order by refund_date) filter (where is_unknown), 0)
    end as unknown_m2_days,
    sum(refund_m2_days order by refund_date) filter (where is_own_cause) as own_cause_m2_days,
    not bool_or(is_unknown) as is_known
from day
group by season, household_id
