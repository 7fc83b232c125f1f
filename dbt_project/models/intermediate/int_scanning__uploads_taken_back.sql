-- Grain: one row per upload and revert that takes one of its copies back.
select
    copies.device_id,
    copies.device_sequence
from {{ ref('stg_scanning__scans') }} as copies
inner join {{ ref('int_scanning__standing_scans') }} as reverts
    on copies.scan_id = reverts.reverts_scan_id
where reverts.is_revert
