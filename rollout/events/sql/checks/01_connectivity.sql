-- Database connection successful
-- Test 1: Database Connectivity
SELECT format('the server runs PostgreSQL %%s, the event store needs 13 or newer', current_setting('server_version'))
 WHERE current_setting('server_version_num')::integer < 130000;
