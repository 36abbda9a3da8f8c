-- A full export says what is there by naming it. A row of it that was refused is there too: what it names is unknown, not gone.
create view quarantine.refused_export_row as
select feed, entity, arrived_at, subject_id
from quarantine.row_state
where entity = 'pipe_segment' and state <> 'replayed' and arrived_at is not null;
comment on view quarantine.refused_export_row is
    'what the refused rows of full exports name (null: cannot be read), by feed and arrival of the export, waived ones too; no record';
