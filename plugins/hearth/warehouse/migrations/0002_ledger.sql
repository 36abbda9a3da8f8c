-- What happened, step by step. Rows are only ever added: a trigger refuses anything else, for every role.
create or replace function ledger.forbid_change() returns trigger language plpgsql as $$
begin
    raise exception 'ledger.% is append-only: % refused', tg_table_name, lower(tg_op)
        using hint = 'Add a row that says what changed; the ledger keeps both.';
end $$;

create table if not exists ledger.pull (
    pull_id bigint generated always as identity primary key,
    feed text not null,
    interval_start timestamptz not null,
    interval_end timestamptz not null,
    run_id text not null,
    source_address text not null,
    manifest text not null,
    files integer not null check (files >= 0),
    size_bytes bigint not null check (size_bytes >= 0),
    landed_at timestamptz not null default clock_timestamp(),
    check (interval_start < interval_end)
);
create index if not exists pull_feed on ledger.pull (feed, interval_start);

create table if not exists ledger.landing_file (
    file_id bigint generated always as identity primary key,
    pull_id bigint not null references ledger.pull,
    feed text not null,
    ordinal integer not null,
    source_name text not null,
    sha256 char(64) not null,
    size_bytes bigint not null,
    delivered_at timestamptz,
    stored_as text not null,
    unique (pull_id, ordinal)
);

create table if not exists ledger.batch (
    batch_id bigint primary key,
    feed text not null,
    entity text not null,
    kind text not null check (kind in ('pull', 'replay')),
    status text not null check (status in ('loaded', 'held')),
    interval_start timestamptz not null,
    interval_end timestamptz not null,
    pull_id bigint not null references ledger.pull,
    run_id text not null,
    contract_hash char(64) not null,
    suite_hash char(64) not null,
    rows_read bigint not null check (rows_read >= 0),
    rows_loaded bigint not null check (rows_loaded >= 0),
    rows_quarantined bigint not null check (rows_quarantined >= 0),
    rows_duplicate bigint not null check (rows_duplicate >= 0),
    note text,
    committed_at timestamptz not null default clock_timestamp(),
    constraint nothing_lost check (rows_read = rows_loaded + rows_quarantined + rows_duplicate),
    constraint held_loads_nothing check (status <> 'held' or rows_loaded = 0)
);
create index if not exists batch_feed on ledger.batch (feed, interval_start);
create sequence if not exists ledger.batch_id;

create table if not exists ledger.supersession (
    batch_id bigint primary key references ledger.batch,
    by_batch_id bigint not null
);

create table if not exists ledger.batch_day (
    batch_id bigint not null references ledger.batch,
    entity text not null,
    event_date date not null,
    rows bigint not null,
    primary key (batch_id, event_date)
);

create table if not exists ledger.step (
    step_id bigint generated always as identity primary key,
    run_id text not null,
    subject text not null,
    step text not null,
    outcome text not null check (outcome in ('started', 'succeeded', 'failed', 'held', 'skipped')),
    at timestamptz not null default clock_timestamp(),
    seconds numeric,
    message text,
    facts jsonb not null default '{}'
);
comment on column ledger.step.subject is 'the feed, or marts';

create table if not exists ledger.validation (
    validation_id bigint generated always as identity primary key,
    batch_id bigint,
    build_id bigint,
    run_id text not null,
    subject text not null,
    suite text not null,
    suite_hash char(64) not null,
    success boolean not null,
    severity text,
    validated_at timestamptz not null default clock_timestamp(),
    result jsonb not null
);

create table if not exists ledger.build (
    build_id bigint generated always as identity primary key,
    run_id text not null,
    definition_hash char(64) not null,
    full_refresh boolean not null,
    planned_at timestamptz not null default clock_timestamp()
);

create table if not exists ledger.build_batch (
    build_id bigint not null references ledger.build,
    batch_id bigint not null references ledger.batch,
    primary key (build_id, batch_id)
);

create table if not exists ledger.build_day (
    build_id bigint not null references ledger.build,
    entity text not null,
    event_date date not null,
    primary key (build_id, entity, event_date)
);

create table if not exists ledger.build_outcome (
    build_id bigint not null references ledger.build,
    stage text not null check (stage in ('dbt', 'gate')),
    outcome text not null check (outcome in ('succeeded', 'failed')),
    at timestamptz not null default clock_timestamp(),
    message text,
    primary key (build_id, stage, at)
);

create table if not exists ledger.publication (
    publication_id bigint generated always as identity primary key,
    build_id bigint not null references ledger.build,
    run_id text not null,
    definition_hash char(64) not null,
    rows_published jsonb not null,
    headline jsonb not null,
    published_at timestamptz not null default clock_timestamp()
);

create or replace view ledger.batch_current as
select b.*
from ledger.batch b
where not exists (select from ledger.supersession s where s.batch_id = b.batch_id);
comment on view ledger.batch_current is 'Batches no later pull of the same feed has replaced.';

do $$
declare t text;
begin
    for t in select tablename from pg_tables where schemaname = 'ledger' loop
        execute format('create or replace trigger append_only before update or delete on ledger.%I
                        for each row execute function ledger.forbid_change()', t);
        execute format('create or replace trigger append_only_truncate before truncate on ledger.%I
                        for each statement execute function ledger.forbid_change()', t);
    end loop;
end $$;
