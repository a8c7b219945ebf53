-- The review in which a change was proposed, as JSON.
ALTER TABLE outcome ADD COLUMN review TEXT;
