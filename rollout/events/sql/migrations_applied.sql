SELECT name, digest FROM event_migrations ORDER BY name;
