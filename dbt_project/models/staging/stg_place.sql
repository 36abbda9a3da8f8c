-- The place these seeds describe: exactly one row (a test holds it to that).
select
    jurisdiction,
    company_name,
    company_name_zh,
    time_zone
from {{ ref('place') }}
