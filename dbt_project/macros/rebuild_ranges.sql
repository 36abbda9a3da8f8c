{#-
    What makes the days of an incremental model be built again: its own `meta.subjects`. Which subjects there are stands with
    int_rebuild_range; one that nobody writes there would leave the model as it is for ever.
-#}
{% macro rebuild_subjects() -%}
    {%- if not execute -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set known = graph.nodes['model.' ~ project_name ~ '.int_rebuild_range'].config.meta.covers | list -%}
    {%- set subjects = config.meta_get('subjects', []) -%}
    {%- set unknown = subjects | reject('in', known) | list -%}
    {%- if not subjects or unknown -%}
        {%- do exceptions.raise_compiler_error(
            'meta.subjects of ' ~ model.name ~ ' says ' ~ (unknown or 'nothing') ~ '; int_rebuild_range knows ' ~ known
            ~ '. Name what makes its days be built again, or add the subject to int_rebuild_range and to its meta.covers.'
        ) -%}
    {%- endif -%}
    {{ return(subjects) }}
{%- endmacro %}

{#-
    Days an incremental model has to build again, as a list of {from, to, read_from, read_to}:
    - what int_rebuild_range says for its subjects;
    - of each season, the days after the last one the model has: a day becomes known without a row of its own;
    - everything after the last known day, in case it was later once.
    Nothing of it is asked while parsing or in a full build.
-#}
{% macro rebuild_ranges() -%}
    {%- if not execute -%}
        {#- Said while parsing: a model that is built in parts needs these, one that is built whole does not ask them. -#}
        {%- do [ref('int_rebuild_range'), ref('int_season_day'), ref('int_series_reach')] -%}
    {%- endif -%}
    {%- if not execute or not is_incremental() -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set query -%}
        with touched as (
            {{ touched_ranges() }}
        ),

        ordered as (
            select
                *,
                case
                    when from_date - 1 <= max(to_date) over (
                        order by from_date, to_date rows between unbounded preceding and 1 preceding
                    ) then 0
                    else 1
                end as begins
            from touched
        ),

        numbered as (
            select *, sum(begins) over (order by from_date, to_date) as stretch_no from ordered
        ),

        reach as (
            select context_days from {{ ref('int_series_reach') }}
        )

        select
            cast(min(n.from_date) as text) as from_date,
            cast(max(n.to_date) as text) as to_date,
            cast(greatest(min(n.from_date), cast('1000-01-01' as date)) - max(r.context_days) as text) as read_from,
            cast(least(max(n.to_date), cast('9000-01-01' as date)) + max(r.context_days) as text) as read_to
        from numbered as n
        cross join reach as r
        group by n.stretch_no
        order by min(n.from_date)
    {%- endset -%}
    {%- set found = [] -%}
    {%- for row in run_query(query).rows -%}
        {%- do found.append({'from': row[0], 'to': row[1], 'read_from': row[2], 'read_to': row[3]}) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{% macro touched_ranges() -%}
    select from_date, to_date
    from {{ ref('int_rebuild_range') }}
    where subject in ('{{ rebuild_subjects() | join("', '") }}')
    union all
    select
        coalesce(
            (select max(t.heating_date) from {{ this }} as t where t.heating_date between d.season_start and d.last_date) + 1,
            d.season_start
        ),
        d.last_date
    from (
        select season_start, max(heating_date) as last_date from {{ ref('int_season_day') }} group by season_start
    ) as d
    where coalesce(
        (select max(t.heating_date) from {{ this }} as t where t.heating_date between d.season_start and d.last_date),
        d.season_start - 1
    ) < d.last_date
    union all
    select max(heating_date) + 1, {{ forever() }} from {{ ref('int_season_day') }} having max(heating_date) is not null
{%- endmacro %}

{#-
    The same for figures of the season to date, which change from a day on to the end of its season: at most one
    {season, from, to} a season.
-#}
{% macro to_date_ranges() -%}
    {%- if not execute -%}
        {%- do [ref('int_rebuild_range'), ref('int_season_day'), ref('int_season')] -%}
    {%- endif -%}
    {%- if not execute or not is_incremental() -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set query -%}
        with touched as (
            {{ touched_ranges() }}
        ),

        season as (
            select season, season_start, season_end from {{ ref('int_season') }}
        ),

        stale as (
            select
                s.season,
                s.season_start,
                s.season_end,
                min(greatest(t.from_date, s.season_start)) as from_date
            from season as s
            inner join touched as t on t.from_date <= s.season_end and t.to_date >= s.season_start
            group by s.season, s.season_start, s.season_end
        )

        select season, cast(min(from_date) as text), cast(season_end as text)
        from stale
        where from_date <= season_end
        group by season, season_end
        order by 2
    {%- endset -%}
    {%- set found = [] -%}
    {%- for row in run_query(query).rows -%}
        {%- do found.append({'season': row[0], 'from': row[1], 'to': row[2]}) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#-
    True on the days to build, and on so many `before` and `after` them (whole days, as SQL; 'context': what the series of readings
    need); all of them in a full build. With a `time_zone` the column is an instant, and the days are those of that zone.
-#}
{% macro in_ranges(column, ranges, before=none, after=none, time_zone=none) -%}
    {%- if not is_incremental() -%}
        true
    {%- elif not ranges -%}
        false
    {%- else -%}
        (
            {%- for r in ranges %}
            {%- set first = "cast('" ~ r[{none: 'from', 'context': 'read_from'}.get(before, 'from')] ~ "' as date)" -%}
            {%- set last = "cast('" ~ r[{none: 'to', 'context': 'read_to'}.get(after, 'to')] ~ "' as date)" -%}
            {#- Days for ever before and after are cut: nothing lies further off than a date can say. -#}
            {%- if before is not none and before != 'context' -%}
                {%- set first = "(greatest(" ~ first ~ ", date '1000-01-01') - " ~ before ~ ")" -%}
            {%- endif -%}
            {%- if after is not none and after != 'context' -%}
                {%- set last = "(least(" ~ last ~ ", date '9000-01-01') + " ~ after ~ ")" -%}
            {%- endif %}
            {{ 'or ' if not loop.first }}
            {%- if time_zone is none -%}
                {{ column }} between {{ first }} and {{ last }}
            {%- else -%}
                (
                    {{ column }} >= cast({{ first }} as timestamp) at time zone '{{ time_zone }}'
                    and {{ column }} < cast({{ last }} + 1 as timestamp) at time zone '{{ time_zone }}'
                )
            {%- endif -%}
            {%- endfor %}
        )
    {%- endif -%}
{%- endmacro %}

{#- Removes the days that are built again, in the model's own transaction: rows that do not come back are gone. The subjects are
    looked at in a full build too, so that the build that brings a wrong one tells of it. -#}
{% macro delete_ranges() -%}
    {%- do rebuild_subjects() -%}
    {%- if is_incremental() -%}
        delete from {{ this }} where {{ in_ranges('heating_date', rebuild_ranges()) }}
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{% macro delete_to_date() -%}
    {%- do rebuild_subjects() -%}
    {%- if is_incremental() -%}
        delete from {{ this }} where {{ in_ranges('heating_date', to_date_ranges()) }}
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#- Time zone of the place as a literal, so that a limit on read_at reaches the table of readings. -#}
{% macro place_time_zone() -%}
    {%- if not execute -%}
        {%- do ref('stg_place') -%}
    {%- endif -%}
    {%- if execute and is_incremental() -%}
        {{ return(run_query('select time_zone from ' ~ ref('stg_place')).rows[0][0]) }}
    {%- endif -%}
    {{ return('UTC') }}
{%- endmacro %}
