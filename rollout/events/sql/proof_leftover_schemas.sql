SELECT nspname
  FROM pg_namespace
 WHERE nspname ~ '^rollout_proof_\d{10}_' AND substr(nspname, 15, 10)::bigint < extract(epoch FROM now()) - 3600
   AND pg_has_role(nspowner, 'USAGE');
