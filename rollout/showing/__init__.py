"""Text and documents for people and programs, one module for each thing shown.

Doors: every module but `diff_groups`, `likeness`, `report_commits`, `report_events`.
"""
