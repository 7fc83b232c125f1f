-- Grain: one row per organisation.
select
    id as organization_id,
    name as organization_name
from {{ source('landing', 'ticketing_organizations') }}
