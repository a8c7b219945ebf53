-- Of proofs that were killed: their names begin with the second in which they began.
SELECT datname
  FROM pg_database
 WHERE datname ~ '^rollout_proof_\d{10}_' AND substr(datname, 15, 10)::bigint < extract(epoch FROM now()) - 3600
   AND pg_has_role(datdba, 'USAGE');
