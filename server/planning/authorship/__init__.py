"""Who wrote what of a plan, by person, school and region: docs/authorship.md."""
