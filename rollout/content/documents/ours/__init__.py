"""What is ours in a document: our writes of the past, folded into what we are still answerable for.

Door: `past`.
"""
