"""What should happen: values in, a frozen step out.

Doors: `changes`, `mismatches`, `needs`, `review`, `steps`, `undo`, `writable`.
"""
