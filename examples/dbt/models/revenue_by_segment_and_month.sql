SELECT
    memberships.segment,
    CAST(date_trunc('month', orders.ordered_at) AS DATE) AS month,
    count(*) AS orders,
    count(DISTINCT orders.person_id) AS people,
    sum(orders.total) AS revenue
FROM {{ ref('orders') }} AS orders
INNER JOIN {{ source('kohort', 'memberships') }} AS memberships
    ON
        orders.person_id = memberships.person_id
        AND orders.ordered_at >= make_timestamptz(memberships.entered_at)
        AND (memberships.left_at IS NULL OR orders.ordered_at < make_timestamptz(memberships.left_at))
GROUP BY ALL
ORDER BY ALL
