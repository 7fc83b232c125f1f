-- Grain: one row per revert that stands, by the upload that it takes back; a revert may name any copy
-- of a repeated upload.
select
    copies.device_id,
    copies.device_sequence
from {{ ref('int_scanning__standing_scans') }} as reverts
inner join {{ ref('stg_scanning__scans') }} as copies on reverts.reverts_scan_id = copies.scan_id
where reverts.is_revert
