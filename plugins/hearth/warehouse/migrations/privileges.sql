-- Each part connects with its own role and the least it needs. The roles themselves are made by hearth.warehouse.migrate.
grant usage on schema raw, ledger, quarantine, restricted to hearth_loader;
grant select, insert, delete on all tables in schema raw to hearth_loader;
grant select, insert on all tables in schema ledger to hearth_loader;
grant usage on all sequences in schema ledger to hearth_loader;
grant select, insert on all tables in schema quarantine to hearth_loader;
grant select, insert on restricted.personal_value to hearth_loader;
grant execute on function raw.ensure_month_partitions(text, timestamptz, timestamptz) to hearth_loader;

grant usage on schema raw, ledger to hearth_transformer;
grant select on all tables in schema raw to hearth_transformer;
grant select on all tables in schema ledger to hearth_transformer;
-- How many rows of a subject were refused on a day, never the records themselves.
grant usage on schema quarantine to hearth_transformer;
grant select on quarantine.rejected_day, quarantine.quality_day, quarantine.open_hour to hearth_transformer;
grant usage, create on schema reference, staging, intermediate, candidate to hearth_transformer;

grant usage on schema ledger, candidate, marts, reference to hearth_publisher;
grant create on schema marts to hearth_publisher;
grant select on all tables in schema ledger to hearth_publisher;
grant insert on ledger.candidate, ledger.build, ledger.build_batch, ledger.build_day, ledger.build_outcome, ledger.publication,
    ledger.publication_part, ledger.published_value, ledger.definition, ledger.definition_file, ledger.step, ledger.validation
    to hearth_publisher;
grant usage on all sequences in schema ledger to hearth_publisher;
alter default privileges for role hearth_transformer in schema candidate grant select on tables to hearth_publisher;
alter default privileges for role hearth_transformer in schema reference grant select on tables to hearth_publisher;

grant usage on schema marts, ledger, reference, quarantine to hearth_reader;
alter default privileges for role hearth_publisher in schema marts grant select on tables to hearth_reader;
alter default privileges for role hearth_transformer in schema reference grant select on tables to hearth_reader;
grant select on all tables in schema ledger to hearth_reader;
grant select on quarantine.row, quarantine.act, quarantine.row_state, quarantine.row_open to hearth_reader;

-- Functions that run SQL given as a text would carry a query past the row-level rules of the dashboards.
do $$
declare
    running_sql regprocedure;
begin
    for running_sql in
        select p.oid::regprocedure from pg_proc p
        where p.pronamespace = 'pg_catalog'::regnamespace and (
            p.proname ~ '^(query|cursor|table|schema|database)_to_xml' or p.proname = 'ts_stat'
            or (p.proname = 'ts_rewrite' and p.pronargs = 2)
        )
    loop
        execute format('revoke execute on function %s from public', running_sql);
    end loop;
end
$$;

-- Managers' dashboards: published marts and nothing else.
grant usage on schema marts to hearth_dashboards;
grant select on all tables in schema marts to hearth_dashboards;
alter default privileges for role hearth_publisher in schema marts grant select on tables to hearth_dashboards;

-- An auditor follows a number down to the pseudonymised row; an engineer also sees the candidates. Neither reads `restricted`.
grant usage on schema marts, ledger, quarantine, reference, intermediate, staging, raw to hearth_auditor, hearth_engineer;
grant select on all tables in schema ledger, quarantine, raw, marts, reference, intermediate, staging
    to hearth_auditor, hearth_engineer;
alter default privileges for role hearth_publisher in schema marts grant select on tables to hearth_auditor, hearth_engineer;
alter default privileges for role hearth_transformer in schema reference grant select on tables to hearth_auditor, hearth_engineer;
alter default privileges for role hearth_transformer in schema staging grant select on tables to hearth_auditor, hearth_engineer;
alter default privileges for role hearth_transformer in schema intermediate grant select on tables to hearth_auditor, hearth_engineer;
grant usage on schema candidate to hearth_engineer;
grant select on all tables in schema candidate to hearth_engineer;
alter default privileges for role hearth_transformer in schema candidate grant select on tables to hearth_engineer;
-- What its time is over for is deleted by a person who cannot read it.
grant usage on schema restricted to hearth_engineer;
grant execute on function restricted.forget_personal(timestamptz, text, text, text) to hearth_engineer;
grant insert on ledger.retention_act to hearth_engineer;
-- A change is tried in schemas of its own, and approved by a person.
grant usage, create on schema impact_reference, impact_staging, impact_intermediate, impact_candidate to hearth_transformer;
grant usage on schema impact_candidate to hearth_engineer;
alter default privileges for role hearth_transformer in schema impact_candidate grant select on tables to hearth_engineer;
grant insert on ledger.approval, ledger.definition_file, ledger.hold_decision, ledger.pull_choice, quarantine.act to hearth_engineer;
