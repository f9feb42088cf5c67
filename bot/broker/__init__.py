"""The broker: the only importer of the client library."""
