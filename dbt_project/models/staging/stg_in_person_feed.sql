-- Feeds that tell of people who came in person, by what their newest contract says a channel may be.
select
    c.feed,
    v.channel
from {{ source('ledger', 'contract_current') }} as c
cross join lateral (values ('walk_in'), ('group_petition')) as v (channel)
where
    c.entity = 'service_ticket' and {{ not_waiting('c.feed') }}
    and (
        c.content #>> '{columns,channel,constant}' = v.channel
        or jsonb_path_exists(c.content, '$.columns.channel.values.* ? (@ == $channel)', jsonb_build_object('channel', v.channel))
    )
