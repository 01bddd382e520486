{{ config(materialized='external', location='lifetime_orders.csv', format='csv') }}

-- The moment is that of the newest order, not of the run: the same data give the same file, which changes nothing again.
SELECT
    users.user_id,
    count(*) AS lifetime_orders,
    strftime((SELECT max(ordered_at) FROM {{ ref('orders') }}) AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') AS counted_at
FROM {{ ref('orders') }} AS orders
INNER JOIN (
    SELECT
        actors.person_id,
        arg_min(identifiers.value, (identifiers.first_seen, identifiers.value)) AS user_id
    FROM {{ source('kohort', 'identifiers') }} AS identifiers
    INNER JOIN {{ source('kohort', 'actors') }} AS actors USING (actor_id)
    WHERE identifiers.kind = 'user_id'
    GROUP BY actors.person_id
) AS users USING (person_id)
GROUP BY users.user_id
ORDER BY users.user_id
