-- Landing files that no pull names: of pulls that failed half way. They are swept by rule, and that is recorded too.
alter table ledger.retention_act drop constraint retention_act_subject_check;
alter table ledger.retention_act add constraint retention_act_subject_check
    check (subject in ('landing_file', 'personal_value', 'stray_file'));
alter table ledger.retention_act add constraint a_stray_file_is_named check (subject <> 'stray_file' or stored_as is not null);
