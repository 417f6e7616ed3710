"""Search over plans and published resources: docs/search.md."""
