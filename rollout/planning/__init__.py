"""What should happen: values in, a frozen step out.

Doors: `changes`, `mismatches`, `review`, `steps`, `undo`, `writable`.
"""
