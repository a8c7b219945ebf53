-- One index answers all questions about the last outcome of a target: each index more is a page more to write for each outcome.
-- No two outcomes of a target have one number: a run has one outcome for a target, and numbers of runs are unique.
DROP INDEX outcome_last;
DROP INDEX outcome_by_target;

CREATE INDEX outcome_by_target ON outcome (scope, target, number, of_review);
