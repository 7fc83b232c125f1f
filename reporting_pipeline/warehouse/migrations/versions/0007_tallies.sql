-- Tallies: totals of counters and histograms over all processes, for /metrics.

create schema telemetry;

create table telemetry.tallies (
    measure        text             not null,
    labels         jsonb            not null,
    upper_bound    double precision not null,
    observed_count bigint           not null,
    total          numeric          not null,
    primary key (measure, labels, upper_bound)
);
comment on table telemetry.tallies is
    'Grain: metric, labels and bucket. Its names, labels and buckets are in telemetry/measures.py.';
comment on column telemetry.tallies.upper_bound is 'of the bucket; infinity for a counter';
comment on column telemetry.tallies.total is 'sum of what was observed: seconds, or how many';
