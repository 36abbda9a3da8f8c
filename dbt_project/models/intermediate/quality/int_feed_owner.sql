-- Who answers for each feed, by its newest contract.
select
    feed,
    entity,
    owner,
    lateness_hours
from {{ ref('stg_contract') }}
