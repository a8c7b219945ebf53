"""The event store: append, resume, prove. It imports nothing of rollout but its errors."""
