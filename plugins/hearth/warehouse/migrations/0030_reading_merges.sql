-- Files of readings of a feed's day are written again as fewer, larger ones. What a batch holds stays what its load said; where it lies
-- is what the last merge says that names it.
create sequence ledger.merge_id;

create table ledger.reading_merge (
    merge_id bigint primary key,
    entity text not null,
    feed text not null,
    local_date date not null,
    run_id text not null,
    from_files text[] not null check (cardinality(from_files) > 0),
    who text not null,
    at timestamptz not null default clock_timestamp()
);
comment on table ledger.reading_merge is 'acts by which files of readings became fewer: the new files were read again and held what the ledger says of each batch';
comment on column ledger.reading_merge.local_date is 'the day the intervals of its batches lie in';
comment on column ledger.reading_merge.from_files is 'paths of the files that were read, below HEARTH_LAKE; they go later by the rule reading_file';
comment on column ledger.reading_merge.who is 'login of the session, written by the database';

create function ledger.note_login() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    new.who := session_user;
    return new;
end $$;
comment on function ledger.note_login is 'writes who is logged in, for acts that a part of Hearth may do as well as a person';
create trigger note_login before insert on ledger.reading_merge for each row execute function ledger.note_login();

create table ledger.merged_file (
    merge_id bigint not null references ledger.reading_merge,
    part int not null check (part > 0),
    path text not null unique,
    sha256 char(64) not null,
    size_bytes bigint not null,
    rows bigint not null check (rows > 0),
    event_from timestamptz not null,
    event_to timestamptz not null,
    primary key (merge_id, part)
);
comment on table ledger.merged_file is 'files a merge wrote, in its transaction';

create table ledger.merged_batch (
    merge_id bigint not null references ledger.reading_merge,
    batch_id bigint not null references ledger.batch,
    rows bigint not null check (rows > 0),
    content numeric not null,
    primary key (merge_id, batch_id)
);
comment on table ledger.merged_batch is 'batches whose rows lie in the files of a merge, unless a later merge names them';
comment on column ledger.merged_batch.content is 'what its rows hold, as found in the written files: see hearth.lake.content';
create index merged_batch_of_batch on ledger.merged_batch (batch_id, merge_id);

do $$
declare t text;
begin
    for t in select unnest(array['reading_merge', 'merged_file', 'merged_batch']) loop
        execute format('create trigger append_only before update or delete on ledger.%I for each row execute function ledger.forbid_change()', t);
        execute format('create trigger append_only_truncate before truncate on ledger.%I for each statement execute function ledger.forbid_change()', t);
    end loop;
end $$;
