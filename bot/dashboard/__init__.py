"""The dashboard: the ledger in a browser, on this machine, to read only.

Datasette serves the tables with facets, CSV, JSON and saved queries; the pages of ``site`` are its
plugin; ``guard`` stands before both. Nothing here writes, sends or switches anything: the kill
switch is shown with the command that operates it.
"""
