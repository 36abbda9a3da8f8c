-- Who changed a definition, why, from when, and what it was before and after; and room to try a change before it is made.
create table ledger.approval (
    approval_id bigint generated always as identity primary key,
    path text not null,
    before_sha256 char(64) references ledger.definition_file,
    after_sha256 char(64) references ledger.definition_file,
    valid_from date not null,
    who text not null check (who <> ''),
    why text not null check (why <> ''),
    impact jsonb,
    at timestamptz not null default clock_timestamp(),
    constraint something_changed check (before_sha256 is distinct from after_sha256)
);
comment on table ledger.approval is
    'a change of a dated row file, suite or contract as an act; without before: the file is new, without after: it is gone';
create index approval_path on ledger.approval (path, after_sha256);

create trigger append_only before update or delete on ledger.approval for each row execute function ledger.forbid_change();
create trigger append_only_truncate before truncate on ledger.approval
    for each statement execute function ledger.forbid_change();

create schema if not exists impact_reference;
create schema if not exists impact_staging;
create schema if not exists impact_intermediate;
create schema if not exists impact_candidate;
comment on schema impact_candidate is 'KPIs as a change that is only tried would make them; emptied after each try.';
