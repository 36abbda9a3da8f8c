-- The seeds of one folder describe one place.
select count(*) as places
from {{ ref('stg_place') }}
having count(*) <> 1
