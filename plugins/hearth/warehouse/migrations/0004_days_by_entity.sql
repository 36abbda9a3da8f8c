-- A batch of self-registering points changes the days of the register beside those of its readings.
alter table ledger.batch_day drop constraint batch_day_pkey, add primary key (batch_id, entity, event_date);
