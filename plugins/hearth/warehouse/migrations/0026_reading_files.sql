-- Readings live in columnar files; the rows here say which of them count.
create table ledger.reading_file (
    batch_id bigint not null references ledger.batch deferrable initially deferred,
    part int not null check (part > 0),
    feed text not null,
    entity text not null,
    path text not null unique,
    sha256 char(64) not null,
    size_bytes bigint not null,
    rows bigint not null check (rows > 0),
    content numeric not null,
    event_from timestamptz not null,
    event_to timestamptz not null,
    arrived_from timestamptz not null,
    arrived_to timestamptz not null,
    primary key (batch_id, part)
);
comment on table ledger.reading_file is
    'files of readings of a batch, written in its transaction (or when they moved out of a table): those of the batches that stand count';
comment on column ledger.reading_file.path is 'below HEARTH_LAKE';
comment on column ledger.reading_file.content is 'what its rows hold, whatever their order: see hearth.lake.content';
comment on column ledger.reading_file.event_to is 'time of the last reading in it';

create index reading_file_of_entity on ledger.reading_file (entity, event_to, event_from);

create trigger append_only before update or delete on ledger.reading_file for each row execute function ledger.forbid_change();
create trigger append_only_truncate before truncate on ledger.reading_file
    for each statement execute function ledger.forbid_change();
