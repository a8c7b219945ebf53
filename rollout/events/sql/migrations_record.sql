INSERT INTO event_migrations (name, digest) VALUES (%s, %s);
