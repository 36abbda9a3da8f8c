-- A file that appears in a folder after the interval of its delivery was pulled: the pull of that interval again, with it.
create table ledger.pull_completion (
    pull_id bigint primary key references ledger.pull,
    completes_pull_id bigint not null references ledger.pull,
    found_by_pull_id bigint not null references ledger.pull,
    late_files integer not null check (late_files > 0),
    check (completes_pull_id < pull_id)
);
comment on table ledger.pull_completion is
    'pulls of an interval that was pulled before, made of its files and of late ones; found_by: the pull at which they were seen';
create index pull_completion_found_by on ledger.pull_completion (found_by_pull_id);
create index landing_file_name on ledger.landing_file (feed, source_name);

create trigger append_only before update or delete on ledger.pull_completion
    for each row execute function ledger.forbid_change();
create trigger append_only_truncate before truncate on ledger.pull_completion
    for each statement execute function ledger.forbid_change();
