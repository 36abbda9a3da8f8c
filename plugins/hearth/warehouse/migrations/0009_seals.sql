-- Proof that nothing of what happened was changed or taken away since it was sealed; and what was deleted by rule, by whom and why.
create table ledger.manifest_digest (
    pull_id bigint primary key references ledger.pull,
    manifest text not null,
    sha256 char(64) not null,
    noted_at timestamptz not null default clock_timestamp(),
    noted_when text not null check (noted_when in ('landed', 'sealed'))
);
comment on table ledger.manifest_digest is 'sha256 of each pull''s manifest as it was landed (or, of older pulls, as it was when first sealed)';

create table ledger.seal (
    seal_id bigint primary key check (seal_id > 0),
    previous_sha256 char(64) not null unique,
    parts integer not null check (parts > 0),
    rows bigint not null check (rows > 0),
    sha256 char(64) not null unique,
    sealed_at timestamptz not null,
    run_id text not null
);
comment on table ledger.seal is
    'a chain: sha256 over the seal before and the digests of the parts; previous_sha256 is unique, so it cannot fork';

create table ledger.seal_part (
    seal_id bigint not null references ledger.seal deferrable initially deferred,
    part integer not null check (part > 0),
    relation text not null,
    columns text[] not null,
    rows integer not null check (rows > 0),
    keys text not null,
    digests bytea not null,
    sha256 char(64) not null,
    primary key (seal_id, part),
    constraint a_digest_for_each_row check (octet_length(digests) = 16 * rows)
);
comment on table ledger.seal_part is 'the rows of one table a seal covers, named one by one, with 16 bytes of the sha256 of each';
comment on column ledger.seal_part.keys is 'primary keys as JSON arrays, one a line, in order';
comment on column ledger.seal_part.columns is 'the columns the table had; a column added later does not change the digest';
create index seal_part_relation on ledger.seal_part (relation);

create table ledger.retention_act (
    act_id bigint generated always as identity primary key,
    subject text not null check (subject in ('landing_file', 'personal_value')),
    sha256 char(64),
    stored_as text,
    rows_deleted bigint not null check (rows_deleted >= 0),
    older_than timestamptz not null,
    rule text not null,
    why text not null check (why <> ''),
    who text not null check (who <> ''),
    at timestamptz not null default clock_timestamp(),
    constraint a_file_is_named check (subject <> 'landing_file' or (sha256 is not null and stored_as is not null))
);
comment on table ledger.retention_act is 'what was deleted because its time was over: a row for each landing file, one for each sweep of personal values';

create function restricted.forget_personal(before_moment timestamptz, rule_text text, why_text text, who_text text)
returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    deleted bigint;
begin
    delete from restricted.personal_value p using ledger.batch b
    where p.first_batch_id = b.batch_id and b.committed_at < before_moment;
    get diagnostics deleted = row_count;
    if deleted > 0 then
        insert into ledger.retention_act (subject, rows_deleted, older_than, rule, why, who)
        values ('personal_value', deleted, before_moment, rule_text, why_text, who_text);
    end if;
    return deleted;
end $$;
comment on function restricted.forget_personal is
    'deletes personal values first seen before a moment and records it; whoever may call it need not be able to read them';
revoke all on function restricted.forget_personal(timestamptz, text, text, text) from public;

do $$
declare t text;
begin
    for t in select unnest(array['manifest_digest', 'seal', 'seal_part', 'retention_act']) loop
        execute format('create trigger append_only before update or delete on ledger.%I
                        for each row execute function ledger.forbid_change()', t);
        execute format('create trigger append_only_truncate before truncate on ledger.%I
                        for each statement execute function ledger.forbid_change()', t);
    end loop;
    -- The quarantine refused changes of rows, and let itself be emptied whole.
    for t in select unnest(array['row', 'act']) loop
        execute format('create or replace trigger append_only_truncate before truncate on quarantine.%I
                        for each statement execute function ledger.forbid_change()', t);
    end loop;
end $$;
