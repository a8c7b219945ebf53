-- Why the checkout did not follow or was not cloned, which stood in the reason alone; and of_review gets the name of what it means.
DROP VIEW rollout_status;

ALTER TABLE outcome ADD COLUMN checkout TEXT;
ALTER TABLE outcome RENAME COLUMN of_review TO aside;   -- 1: it tells nothing of what is still to be done in the target

-- What outcomes recorded until now say of a checkout stands at the end of their reasons. The two databases have no function in
-- common that finds a text in another, so each place is looked at.
UPDATE outcome
SET checkout = (
    WITH RECURSIVE places (place) AS (
        SELECT 1
        UNION ALL
        SELECT place + 1 FROM places WHERE place < length(outcome.reason)
    )
    SELECT substr(outcome.reason, min(place))
    FROM places
    WHERE substr(outcome.reason, place, 24) = 'checkout left as it is: '
       OR substr(outcome.reason, place, 21) = 'checkout not cloned: '
)
WHERE reason LIKE '%checkout left as it is: %' OR reason LIKE '%checkout not cloned: %';

-- The rollout status table: the last outcome of every target that tells how it stands.
CREATE VIEW rollout_status AS
SELECT o.scope, o.target, o.kind, o.branch, o.outcome, o.reason, o.base, o.commit_id, o.run,
       r.command, r.started_at, o.recorded_at, o.checkout
FROM (SELECT scope, target, max(number) AS number FROM outcome WHERE aside = 0 GROUP BY scope, target) AS latest
JOIN outcome AS o ON o.scope = latest.scope AND o.target = latest.target AND o.number = latest.number
JOIN run AS r ON r.run = o.run;
