"""Pages of HTML: the look that reports, dashboard and evidence share, and what they show.

A page is made from the ledger alone and needs no network. ``look`` fills the templates,
``figures`` describes charts, which the browser draws in the colours of the page.
"""
