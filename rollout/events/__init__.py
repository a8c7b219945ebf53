"""The event store: append, resume, prove. A guest that imports nothing of rollout but its errors."""
