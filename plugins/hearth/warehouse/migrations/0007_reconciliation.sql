-- What a source itself says it delivered, what every batch held, and whether it still does: one row a comparison.
create table ledger.contract (
    feed text not null,
    valid_from timestamptz not null default clock_timestamp(),
    contract_hash char(64) not null,
    entity text not null,
    owner text not null,
    owner_contact text not null,
    season_cron text not null,
    off_season_cron text,
    rows_per_day integer,
    lateness_hours integer not null,
    content jsonb not null,
    primary key (feed, valid_from)
);
comment on table ledger.contract is 'contracts as they were when a batch was loaded by them; a new row when the contract of a feed changed';

create table ledger.source_answer (
    pull_id bigint primary key references ledger.pull,
    asked_at timestamptz not null default clock_timestamp(),
    outcome text not null check (outcome in ('answered', 'not_answered', 'not_asked')),
    unit text not null check (unit in ('records', 'files')),
    number bigint check (number >= 0),
    sums jsonb not null default '{}',
    message text,
    constraint an_answer_is_a_number check ((outcome = 'answered') = (number is not null))
);
comment on table ledger.source_answer is 'what the source counts for the interval of a pull, asked just after it';

create table ledger.batch_content (
    batch_id bigint primary key references ledger.batch deferrable initially deferred,
    landed_records bigint,
    landed_sums jsonb not null default '{}',
    raw_columns text[] not null,
    raw_hash numeric not null,
    quarantine_hash numeric not null
);
comment on table ledger.batch_content is
    'digests of the rows of a batch: the sum of the 64-bit hashes of its rows in raw (over raw_columns) and in quarantine';

create table ledger.batch_quality_day (
    batch_id bigint not null references ledger.batch deferrable initially deferred,
    event_date date not null,
    rows_loaded bigint not null,
    rows_late bigint not null,
    delay_seconds numeric not null,
    rows_out_of_order bigint not null,
    rows_duplicate bigint not null,
    primary key (batch_id, event_date)
);
comment on table ledger.batch_quality_day is
    'accepted rows of a batch by the local day of their event: how late, how many out of order, how many repeated';

create table ledger.stage_check (
    check_id bigint generated always as identity primary key,
    run_id text not null,
    subject text not null,
    pull_id bigint references ledger.pull,
    feed text,
    stage text not null check (stage in ('source', 'landing', 'raw', 'quarantine', 'staging', 'marts')),
    outcome text not null check (outcome in ('equal', 'differs', 'not_answered')),
    number_expected bigint,
    number_found bigint,
    message text,
    at timestamptz not null default clock_timestamp()
);
comment on table ledger.stage_check is 'a stage looked at again: what the ledger says it holds, what was found, whether it is the same';
create index stage_check_subject on ledger.stage_check (subject, stage, check_id desc);

do $$
declare t text;
begin
    for t in select unnest(array['contract', 'source_answer', 'batch_content', 'batch_quality_day', 'stage_check']) loop
        execute format('create trigger append_only before update or delete on ledger.%I
                        for each row execute function ledger.forbid_change()', t);
        execute format('create trigger append_only_truncate before truncate on ledger.%I
                        for each statement execute function ledger.forbid_change()', t);
    end loop;
end $$;

create index validation_subject on ledger.validation (subject, suite, validation_id desc);
create index validation_batch on ledger.validation (batch_id);

create view ledger.contract_current as
select distinct on (feed) * from ledger.contract order by feed, valid_from desc;
comment on view ledger.contract_current is 'the newest contract of every feed that was ever loaded';

create view ledger.stage_state as
with standing as (
    select
        b.pull_id, b.feed, b.entity,
        sum(b.rows_read) filter (where b.kind = 'pull') as rows_read,
        sum(b.rows_loaded + b.rows_quarantined + b.rows_duplicate) filter (where b.kind = 'pull') as rows_settled,
        sum(b.rows_loaded) as rows_loaded,
        sum(b.rows_quarantined) as rows_quarantined,
        sum(b.rows_duplicate) as rows_duplicate,
        max(c.landed_records) as landed_records,
        (array_agg(c.landed_sums order by b.batch_id) filter (where b.kind = 'pull'))[1] as landed_sums,
        max(b.committed_at) as committed_at
    from ledger.batch_current as b
    left join ledger.batch_content as c using (batch_id)
    group by b.pull_id, b.feed, b.entity
),
newest as (
    select distinct on (subject, stage) * from ledger.stage_check order by subject, stage, check_id desc
),
claimed as (
    select
        s.*, 'source' as stage, 1 as stage_order, coalesce(a.unit, 'records') as unit, a.number as number_expected,
        case a.unit when 'files' then p.files else s.landed_records end as number_found,
        case
            when a.outcome is null then 'not_asked'
            when a.outcome <> 'answered' then a.outcome
            when s.landed_records is null and a.unit = 'records' then 'not_checked'
            when a.number is distinct from case a.unit when 'files' then p.files else s.landed_records end then 'differs'
            when exists (
                select from jsonb_each_text(a.sums) as asked (name, total)
                where abs(asked.total::numeric - coalesce((case a.unit when 'files'
                    then jsonb_build_object('size_bytes', p.size_bytes) else s.landed_sums end ->> asked.name)::numeric, 0))
                    > 0.000001 + 0.000000001 * abs(asked.total::numeric)
            ) then 'differs'
            else 'equal'
        end as outcome,
        a.message, a.asked_at as at, a.sums as sums_expected,
        case a.unit when 'files' then jsonb_build_object('size_bytes', p.size_bytes) else s.landed_sums end as sums_found
    from standing as s
    join ledger.pull as p using (pull_id)
    left join ledger.source_answer as a using (pull_id)
    union all
    select s.*, 'landing', 2, 'files', p.files, null, 'not_checked', null, null, null, null
    from standing as s
    join ledger.pull as p using (pull_id)
    union all
    select
        s.*, 'read', 3, 'rows', s.rows_read, s.rows_settled,
        case when s.rows_read = s.rows_settled then 'equal' else 'differs' end,
        s.landed_records || ' records gave ' || s.rows_read || ' rows', s.committed_at, null, null
    from standing as s
    union all
    select s.*, 'raw', 4, 'rows', s.rows_loaded, null, 'not_checked', null, null, null, null from standing as s
    union all
    select s.*, 'quarantine', 5, 'rows', s.rows_quarantined, null, 'not_checked', null, null, null, null from standing as s
)
select
    'pull ' || c.pull_id as subject, c.pull_id, c.feed, c.entity, c.stage, c.stage_order, c.unit,
    coalesce(n.number_expected, c.number_expected) as number_expected,
    coalesce(n.number_found, c.number_found) as number_found,
    case when n.outcome is null or c.outcome = 'differs' then c.outcome else n.outcome end as outcome,
    coalesce(n.message, c.message) as message,
    coalesce(n.at, c.at) as checked_at,
    c.sums_expected, c.sums_found, c.rows_read, c.rows_loaded, c.rows_quarantined, c.rows_duplicate
from claimed as c
left join newest as n on n.subject = 'pull ' || c.pull_id and n.stage = c.stage and (c.at is null or n.at >= c.at)
union all
select
    n.subject, null, n.feed, null, n.stage, case n.stage when 'raw' then 4 when 'staging' then 6 else 7 end, 'rows',
    n.number_expected, n.number_found, n.outcome, n.message, n.at, null, null, null, null, null, null
from newest as n
where n.pull_id is null;
comment on view ledger.stage_state is
    'every stage of every pull that stands, and of raw, staging and marts as wholes: what should be there, what was found last';

-- The state of a row together with what it is about: the columns came after the view was made.
create or replace view quarantine.row_state as
select
    r.batch_id, r.feed, r.entity, r.file_id, r.file_sha256, r.position, r.sub_position, r.arrived_at, r.reasons, r.first_reason,
    r.record,
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
    end as state,
    r.subject_id,
    r.event_date
from quarantine.row r
where not exists (select from ledger.supersession s where s.batch_id = r.batch_id);

create view quarantine.quality_day as
select r.batch_id, r.feed, r.entity, r.event_date, r.first_reason, count(*) as rows
from quarantine.row as r
where not exists (select from ledger.supersession as s where s.batch_id = r.batch_id)
group by r.batch_id, r.feed, r.entity, r.event_date, r.first_reason;
comment on view quarantine.quality_day is 'rejected rows counted by batch, local day and first reason, whatever became of them; no record is shown';

create view quarantine.open_hour as
select
    r.feed, r.entity, r.first_reason, r.state,
    date_trunc('hour', coalesce(r.arrived_at, b.interval_end)) as arrived_hour,
    count(*) as rows
from quarantine.row_state as r
join ledger.batch as b using (batch_id)
group by 1, 2, 3, 4, 5;
comment on view quarantine.open_hour is 'rejected rows counted by feed, first reason, state and hour of arrival; no record is shown';
