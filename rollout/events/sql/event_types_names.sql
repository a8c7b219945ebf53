SELECT name, canonical FROM event_types;
