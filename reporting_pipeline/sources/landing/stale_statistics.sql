-- The landing tables and partitions of which this transaction has changed a tenth. Autovacuum would
-- analyze them then too. Analyzing a partitioned table includes its partitions.
with changed as (
    select
        relid as id,
        n_tup_ins + n_tup_upd as row_count
    from pg_stat_xact_user_tables
    where schemaname = 'landing'
),

stale as (
    select
        relation.oid as id,
        relation.relname as name
    from (
        select
            changed.id,
            changed.row_count
        from changed
        union all
        select
            pg_inherits.inhparent,
            sum(changed.row_count) as row_count
        from changed
        inner join pg_inherits on changed.id = pg_inherits.inhrelid
        group by pg_inherits.inhparent
    ) as counted
    inner join pg_class as relation on counted.id = relation.oid
    where counted.row_count >= 50 + greatest(relation.reltuples, 0) / 10
)

select stale.name
from stale
where
    not exists (
        select from pg_inherits
        inner join stale as parent on pg_inherits.inhparent = parent.id
        where pg_inherits.inhrelid = stale.id
    )
order by stale.name
