SELECT event_resume(%s);
