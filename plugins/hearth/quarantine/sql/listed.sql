select
    q.feed,
    q.first_reason,
    array_to_string(q.reasons, ' '),
    q.state,
    f.source_name,
    substr(q.file_sha256, 1, 8) || ':' || q.position || '.' || q.sub_position,
    q.subject_id,
    q.event_date,
    q.arrived_at,
    q.batch_id,
    q.record::text
from quarantine.row_state as q
inner join ledger.landing_file as f using (file_id)
where (%(feed)s::text is null or q.feed = %(feed)s)
    and (%(reason)s::text is null or %(reason)s = any(q.reasons))
    and (%(state)s = 'all' or q.state = %(state)s)
order by q.batch_id desc, q.position asc, q.sub_position asc
limit %(limit)s
