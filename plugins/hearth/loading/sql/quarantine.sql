insert into quarantine.row (
    batch_id, feed, entity, file_id, file_sha256, position, sub_position, arrived_at, reasons, first_reason, record,
    subject_id, event_date
)
select
    %(batch_id)s::bigint,
    %(feed)s::text,
    %(entity)s::text,
    r.file_id,
    f.sha256,
    r.position,
    r.sub_position,
    r.arrived_at,
    sorted.reasons,
    sorted.reasons[1],
    r.record::jsonb,
    r.subject_id,
    (r.event_at at time zone %(time_zone)s::text)::date
from refused as r
inner join ledger.landing_file as f using (file_id)
cross join lateral (
    select array_agg(reason order by array_position(string_to_array(%(precedence)s::text, ','), reason)) as reasons
    from unnest(string_to_array(r.reasons, ',')) as reason
) as sorted
