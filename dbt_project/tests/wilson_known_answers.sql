-- Known answers of the Wilson 95 % interval, to four places. (3 of 4 is 0.95441 above; 0.9545 is in print too.)
with answer as (
    select complying, judged, low, high
    from (values (675, 696, 0.9543, 0.9802), (4, 4, 0.5101, 1.0), (3, 4, 0.3006, 0.9544), (0, 4, 0.0, 0.4899))
        as v (complying, judged, low, high)
),

computed as (
    select
        *,
        {{ wilson_percent('complying', 'judged', 'low') }} as found_low,
        {{ wilson_percent('complying', 'judged', 'high') }} as found_high
    from answer
)

select *
from computed
where abs(found_low - 100 * low) > 0.006 or abs(found_high - 100 * high) > 0.006
