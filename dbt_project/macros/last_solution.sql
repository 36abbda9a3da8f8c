{#- When a ticket was solved, and closed, for the last time: of one that was opened again only what it says behind that, and
    nothing while it is open; where its source kept the first time of closing, the arrival of the version that closed it again. -#}
{% macro last_solved_at(ticket, reopening) -%}
    case
        when {{ reopening }}.ticket_no is null then {{ ticket }}.solved_at
        when {{ reopening }}.over_again_at is not null and {{ ticket }}.solved_at > coalesce({{ reopening }}.solved_before_at, '-infinity')
            then {{ ticket }}.solved_at
    end
{%- endmacro %}

{% macro last_closed_at(ticket, reopening) -%}
    case
        when {{ reopening }}.ticket_no is null then {{ ticket }}.closed_at
        when {{ reopening }}.over_again_at is not null and {{ ticket }}.closed_at > coalesce({{ reopening }}.closed_before_at, '-infinity')
            then {{ ticket }}.closed_at
        else {{ reopening }}.over_again_at
    end
{%- endmacro %}
