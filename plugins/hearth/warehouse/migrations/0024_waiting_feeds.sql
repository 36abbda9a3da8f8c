-- A new feed loads by its first contract and enters published marts when that is approved; a build keeps whom it left out.
alter table ledger.build add column waiting_feeds text[] not null default '{}';
comment on column ledger.build.waiting_feeds is
    'new feeds whose rows stay out of the marts of this build, because nobody has approved a contract they were loaded by';
