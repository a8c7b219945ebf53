"""The event store: append, resume, prove. It imports nothing of rollout but its errors.

Doors: `bench`, `check_report`, `checks`, `cli`, `database`, `delivery`, `documents`, `event_types`, `health`,
`patience`, `spool`, `spool_record`, `traffic`, `trends`.
"""
