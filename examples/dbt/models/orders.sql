-- Moments are microseconds since 1970 UTC, numbers millionths: both become what SQL knows.
SELECT
    events.event_id AS order_id,
    actors.person_id,
    make_timestamptz(events.ts) AS ordered_at,
    CAST(CAST(events.total AS DECIMAL(19, 0)) * 0.000001 AS DECIMAL(19, 6)) AS total
FROM {{ source('kohort', 'events') }} AS events
INNER JOIN {{ source('kohort', 'actors') }} AS actors USING (actor_id)
WHERE events.name = 'order_completed'
