{#- Entities whose rows tell what happened on a day: any of them makes days known. Not among them: the register and exports of it,
    which say how things stand, and what is dated before or after the day it is told of (forecasts, capacities, certificates). -#}
{% macro daily_entities() -%}
    'room_reading', 'outdoor_reading', 'station_reading', 'source_reading', 'heat_meter_reading', 'service_ticket',
    'household_visit', 'maintenance_order', 'renewal_progress', 'works_project'
{%- endmacro %}
