-- Files of readings that count no more: of batches that gave way, and of loads that died.
alter table ledger.retention_act drop constraint retention_act_subject_check;
alter table ledger.retention_act add constraint retention_act_subject_check
    check (subject in ('landing_file', 'personal_value', 'stray_file', 'reading_file'));
alter table ledger.retention_act add constraint a_reading_file_is_named check (subject <> 'reading_file' or stored_as is not null);
