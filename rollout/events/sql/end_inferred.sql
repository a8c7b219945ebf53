SELECT event_end_inferred(%s, %s);
