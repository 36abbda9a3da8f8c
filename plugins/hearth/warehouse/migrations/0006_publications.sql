-- What was published, value by value and by which definitions, so that "what did we report then?" has an answer.
create table ledger.definition_file (
    sha256 char(64) primary key,
    content text not null
);
comment on table ledger.definition_file is 'every model, macro, dated row, suite and contract that ever defined a number, once by content';

create table ledger.definition (
    definition_hash char(64) not null,
    path text not null,
    sha256 char(64) not null references ledger.definition_file,
    primary key (definition_hash, path)
);
comment on table ledger.definition is 'the files a definition hash stands for';

alter table ledger.publication
    add column content_hash char(64),
    add column triggered_by text;
comment on column ledger.publication.content_hash is
    'sha256 over the definition hash and the digests of every published part; no times, ids, run names or triggers in it';

create table ledger.publication_part (
    publication_id bigint not null references ledger.publication deferrable initially deferred,
    mart text not null,
    part text not null,
    rows bigint not null,
    sha256 char(64) not null,
    primary key (publication_id, mart, part)
);
comment on table ledger.publication_part is
    'digests of what a publication wrote: a local day of a mart, or "all" of one that has no day; rows 0: the part is gone';

create table ledger.published_value (
    publication_id bigint not null references ledger.publication deferrable initially deferred,
    season text not null,
    heating_date date not null,
    unit_kind text not null,
    unit_id text not null,
    kpi text not null,
    is_gone boolean not null,
    value double precision,
    numerator numeric,
    denominator numeric,
    target double precision,
    verdict text,
    before_value double precision,
    is_restatement boolean not null,
    reason text,
    primary key (heating_date, kpi, unit_kind, unit_id, publication_id),
    constraint restated_with_reason check (not is_restatement or reason is not null)
);
comment on table ledger.published_value is
    'a row for each KPI value a publication brought or changed; unchanged values stand under the publication that brought them';

create view ledger.kpi_history as
select
    v.*,
    p.published_at,
    lead(p.published_at) over later as replaced_at,
    p.definition_hash,
    p.content_hash,
    p.triggered_by
from ledger.published_value as v
join ledger.publication as p using (publication_id)
window later as (partition by v.heating_date, v.kpi, v.unit_kind, v.unit_id order by v.publication_id);
comment on view ledger.kpi_history is 'every value ever published with the time from and until which it was the reported one';

create view ledger.kpi_reported as
select
    season, heating_date, unit_kind, unit_id, kpi,
    (array_agg(value order by publication_id))[1] as first_reported_value,
    min(published_at) as first_reported_at,
    (array_agg(case when not is_gone then value end order by publication_id desc))[1] as known_today_value,
    max(published_at) as known_since,
    count(*) filter (where is_restatement) as restatements
from ledger.kpi_history
group by season, heating_date, unit_kind, unit_id, kpi;
comment on view ledger.kpi_reported is 'each KPI value as it was first reported and as it is known today';

create function ledger.kpi_as_of(moment timestamptz)
returns table (
    season text, heating_date date, unit_kind text, unit_id text, kpi text,
    reported_value double precision, reported_publication_id bigint, known_today_value double precision
)
language sql stable as $$
    select
        t.season, t.heating_date, t.unit_kind, t.unit_id, t.kpi,
        case when not r.is_gone then r.value end, r.publication_id, t.known_today_value
    from ledger.kpi_reported as t
    left join ledger.kpi_history as r
        on t.heating_date = r.heating_date and t.kpi = r.kpi and t.unit_kind = r.unit_kind and t.unit_id = r.unit_id
        and r.published_at <= moment and (r.replaced_at is null or r.replaced_at > moment)
$$;
comment on function ledger.kpi_as_of is 'as reported at a moment, beside as known today; null where nothing had been reported yet';

do $$
declare t text;
begin
    for t in select unnest(array['definition_file', 'definition', 'publication_part', 'published_value']) loop
        execute format('create trigger append_only before update or delete on ledger.%I
                        for each row execute function ledger.forbid_change()', t);
        execute format('create trigger append_only_truncate before truncate on ledger.%I
                        for each statement execute function ledger.forbid_change()', t);
    end loop;
end $$;
