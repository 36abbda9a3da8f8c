-- A process that dies without a word leaves an outcome: whoever notices first writes it.
alter table ledger.step drop constraint step_outcome_check;
alter table ledger.step add constraint step_outcome_check
    check (outcome in ('started', 'succeeded', 'failed', 'held', 'skipped', 'died'));
comment on column ledger.step.outcome is 'died: the process ended without a word; noticed by the lock it had held (facts.alive)';
