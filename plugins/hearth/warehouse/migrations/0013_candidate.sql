-- Which build the candidate marts are of: a publication publishes what its own build made, whole.
create table ledger.candidate (
    candidate_id bigint generated always as identity primary key,
    build_id bigint not null references ledger.build,
    state text not null check (state in ('begun', 'made')),
    at timestamptz not null default clock_timestamp()
);
comment on table ledger.candidate is
    'begun: a build began to change the candidate marts; made: all of its models and tests succeeded. The newest row says what they hold';

create trigger append_only before update or delete on ledger.candidate for each row execute function ledger.forbid_change();
create trigger append_only_truncate before truncate on ledger.candidate
    for each statement execute function ledger.forbid_change();
