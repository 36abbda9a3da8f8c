insert into ledger.contract (
    feed, contract_hash, entity, owner, owner_contact, season_cron, off_season_cron, rows_per_day, lateness_hours, content
)
select
    %(feed)s::text, %(contract_hash)s::text, %(entity)s::text, %(owner)s::text, %(owner_contact)s::text,
    %(season_cron)s::text, %(off_season_cron)s::text, %(rows_per_day)s::int, %(lateness_hours)s::int,
    %(content)s::text::jsonb
where %(contract_hash)s::text is distinct from (
    select contract_hash from ledger.contract_current where feed = %(feed)s::text
)
