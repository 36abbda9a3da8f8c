-- Landing files last landed before a moment, and whether open quarantined rows still need them.
select
    f.stored_as, f.sha256, max(f.size_bytes) as size_bytes,
    bool_or(exists (select from quarantine.row_open as q where q.feed = f.feed and q.file_sha256 = f.sha256)) as is_needed
from ledger.landing_file as f
inner join ledger.pull as p using (pull_id)
group by f.stored_as, f.sha256
having max(p.landed_at) < %(before)s::timestamptz
    and not exists (
        select from ledger.retention_act as a
        where a.stored_as = f.stored_as and a.subject = 'landing_file' and a.at > max(p.landed_at)
    )
order by f.stored_as
