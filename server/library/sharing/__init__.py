"""Links to resources, made and revoked by their keepers; and the signed addresses of files."""
