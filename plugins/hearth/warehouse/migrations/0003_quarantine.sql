-- Rejected rows stay; acts on them (replayed, waived) are rows of their own, so a row's history is never rewritten.
-- The key of a quarantined row is (feed, sha256 of its file, position): it survives a re-run of the batch.
create table if not exists quarantine.row (
    batch_id bigint not null references ledger.batch deferrable initially deferred,
    feed text not null,
    entity text not null,
    file_id bigint not null references ledger.landing_file,
    file_sha256 char(64) not null,
    position bigint not null,
    sub_position integer not null,
    arrived_at timestamptz,
    reasons text[] not null check (cardinality(reasons) > 0),
    first_reason text not null,
    record jsonb not null,
    primary key (batch_id, file_id, position, sub_position)
);
comment on column quarantine.row.record is 'the record as it came; personal values replaced by their keyed hash';
create index if not exists row_key on quarantine.row (feed, file_sha256, position, sub_position);

create table if not exists quarantine.act (
    act_id bigint generated always as identity primary key,
    feed text not null,
    file_sha256 char(64) not null,
    position bigint not null,
    sub_position integer not null,
    act text not null check (act in ('replayed', 'waived')),
    batch_id bigint references ledger.batch deferrable initially deferred,
    who text not null,
    why text not null,
    valid_until date,
    at timestamptz not null default clock_timestamp()
);
create index if not exists act_key on quarantine.act (feed, file_sha256, position, sub_position);

create or replace trigger append_only before update or delete on quarantine.act
    for each row execute function ledger.forbid_change();
create or replace trigger append_only before update or delete on quarantine.row
    for each row execute function ledger.forbid_change();

create or replace view quarantine.row_state as
select
    r.*,
    case
        when exists (
            select from quarantine.act a
            where a.feed = r.feed and a.file_sha256 = r.file_sha256 and a.position = r.position
              and a.sub_position = r.sub_position and a.act = 'replayed' and a.batch_id > r.batch_id
              and not exists (select from ledger.supersession s where s.batch_id = a.batch_id)
        ) then 'replayed'
        when exists (
            select from quarantine.act a
            where a.feed = r.feed and a.file_sha256 = r.file_sha256 and a.position = r.position
              and a.sub_position = r.sub_position and a.act = 'waived'
              and (a.valid_until is null or a.valid_until >= current_date)
        ) then 'waived'
        else 'open'
    end as state
from quarantine.row r
where not exists (select from ledger.supersession s where s.batch_id = r.batch_id);

create or replace view quarantine.row_open as
select * from quarantine.row_state where state = 'open';

create table if not exists restricted.personal_value (
    value_hash text primary key,
    kind text not null,
    value text not null,
    first_batch_id bigint not null
);
comment on table restricted.personal_value is 'what a keyed hash in raw stands for';
