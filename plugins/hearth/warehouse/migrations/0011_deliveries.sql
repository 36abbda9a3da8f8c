-- What was sent to people, so that nothing is sent twice: the brief of a day to a mail server's recipients or a chat address, once
-- for each content.
create table ledger.delivery (
    delivery_id bigint generated always as identity primary key,
    subject text not null check (subject <> ''),
    heating_date date not null,
    channel text not null check (channel in ('mail', 'chat')),
    target text not null,
    content_sha256 char(64) not null,
    publication_id bigint references ledger.publication,
    recipients integer not null check (recipients > 0),
    run_id text not null,
    at timestamptz not null default clock_timestamp()
);
comment on table ledger.delivery is 'messages that were taken by a mail server or a chat address; recipients counts people or groups, none is named';
comment on column ledger.delivery.target is 'mail, or the chat service with the beginning of its address'' sha256';
create index delivery_of_day on ledger.delivery (subject, heating_date, target);

create trigger append_only before update or delete on ledger.delivery for each row execute function ledger.forbid_change();
create trigger append_only_truncate before truncate on ledger.delivery
    for each statement execute function ledger.forbid_change();
