-- A stream of the API that was interrupted goes on from the notice that its reader has seen last.
create index notices_by_topic on catalogue.notices (topic, announced_at, id) where announced_at is not null;
select reporting.protect_rows('catalogue.notices', 'topic = ''reporting:org:'' || {tenant}');
