SELECT event_resume(:'instance');
