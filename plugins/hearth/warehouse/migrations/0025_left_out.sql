-- What a batch left out of rows it accepted: channels of a wide row that could not be used, and lines that are no record.
create table ledger.batch_left_out (
    batch_id bigint not null references ledger.batch,
    column_name text not null check (column_name <> ''),
    reason text not null check (reason <> ''),
    number bigint not null check (number > 0),
    primary key (batch_id, column_name, reason)
);
comment on table ledger.batch_left_out is
    'values of accepted rows that were left out (null in raw), by canonical column and reason; lines the contract says are no record, by source column';
comment on column ledger.batch_left_out.reason is 'a reason as of a refused row, or no_record: a line such as a total, which is in no other count';

create trigger append_only before update or delete on ledger.batch_left_out for each row execute function ledger.forbid_change();
create trigger append_only_truncate before truncate on ledger.batch_left_out
    for each statement execute function ledger.forbid_change();
