-- Worked by hand. Of ten homes with two days each, eight comply on both, one on one, one on none: p = 17 / 20, the homes' residuals
-- (complying - p * judged) are 8 times 0.3, -0.7 and -1.7, their squares 4.1, the variance 10 / 9 * 4.1 / 400, and with t(9) = 2.262157
-- the interval 85 -+ 24.1414, cut at 100. On the first day alone: 90 -+ 22.6216. With the same days, twice as many homes each: t(19) = 2.093024.
-- Twenty homes that always comply: Wilson of 20 of 20. Nine homes say too little.
with answer as (
    select homes, judged, complying, judged_squares, products, complying_squares, low, high, 10 as interval_min_homes
    from (values
        (10, 20, 17, 40, 34, 33, 60.8586, 100.0),
        (10, 10, 9, 10, 9, 9, 67.3784, 100.0),
        (20, 40, 34, 80, 68, 66, 69.6270, 100.0),
        (20, 400, 400, 8000, 8000, 8000, 83.8875, 100.0),
        (20, 400, 0, 8000, 0, 0, 0.0, 16.1125),
        (9, 18, 9, 36, 18, 18, null, null)
    ) as v (homes, judged, complying, judged_squares, products, complying_squares, low, high)
),

computed as (
    select
        *,
        {{ homes_interval_percent('low') }} as found_low,
        {{ homes_interval_percent('high') }} as found_high
    from answer
)

select *
from computed
where
    coalesce(abs(found_low - low) > 0.0002, found_low is not null or low is not null)
    or coalesce(abs(found_high - high) > 0.0002, found_high is not null or high is not null)
