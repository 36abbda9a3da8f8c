-- One schema per stage of the data's way; who may do what in each is in privileges.sql.
create schema if not exists ledger;
create schema if not exists raw;
create schema if not exists quarantine;
create schema if not exists restricted;
create schema if not exists reference;
create schema if not exists staging;
create schema if not exists intermediate;
create schema if not exists candidate;
create schema if not exists marts;

comment on schema ledger is 'Append-only: what happened. The database refuses changes.';
comment on schema raw is 'Accepted rows of every feed, one table per entity.';
comment on schema quarantine is 'Rejected rows, whole, with their reasons and what was done about them.';
comment on schema restricted is 'Personal values by keyed hash; only the loader writes, nobody else reads without a grant.';
comment on schema reference is 'Dated standards, seasons, limits (dbt seeds).';
comment on schema candidate is 'Marts as built, before their gate.';
comment on schema marts is 'Published marts: what dashboards and auditors read.';

revoke all on schema public from public;
