-- Fails with one row if the orders do not add up to what the events hold.
SELECT held.total AS held, kept.total AS kept
FROM (SELECT sum(total) AS total FROM {{ source('kohort', 'events') }} WHERE name = 'order_completed') AS held
CROSS JOIN (SELECT CAST(sum(total) * 1000000 AS HUGEINT) AS total FROM {{ ref('orders') }}) AS kept
WHERE held.total IS DISTINCT FROM kept.total
