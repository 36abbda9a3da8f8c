-- Every day any version of a ticket was ever dated: an edit may move a ticket from one day to another.
select distinct
    t.line,
    t.ticket_no,
    {{ local_date('t.created_at') }} as created_date
from {{ source('raw', 'service_ticket') }} as t
cross join {{ ref('stg_place') }} as place
