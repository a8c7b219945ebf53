"""Where units of work run: threads, processes beside this one, a Dask cluster.

Doors: `dask_cluster`, `executors`, `threads`.
"""
