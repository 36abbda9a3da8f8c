-- What each feed of tickets tells of, by its newest contract: calls of which lines, people who came in person, petitions.
with feed as (
    select
        c.feed,
        coalesce(c.content #>> '{columns,line,constant}', l.line) as line,
        coalesce(c.content #>> '{columns,channel,constant}', h.channel, '') as channel
    from {{ source('ledger', 'contract_current') }} as c
    left join lateral jsonb_each_text(
        case when jsonb_typeof(c.content #> '{columns,line,values}') = 'object' then c.content #> '{columns,line,values}' end
    ) as l (as_sent, line) on true
    left join lateral jsonb_each_text(
        case when jsonb_typeof(c.content #> '{columns,channel,values}') = 'object' then c.content #> '{columns,channel,values}' end
    ) as h (as_sent, channel) on true
    where c.entity = 'service_ticket' and {{ not_waiting('c.feed') }}
)

select distinct
    feed,
    line,
    case when channel in ('walk_in', 'group_petition') then channel else 'call' end as tells_of
from feed
