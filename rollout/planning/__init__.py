"""What should happen: values in, a frozen step out.

Doors: `attributes_after`, `changes`, `file_reasons`, `holds`, `in_review`, `keeping`, `mismatches`, `needs`,
`proposals`, `review`, `rollouts`, `steps`, `taking`, `undo`, `waves`, `writable`.
"""
